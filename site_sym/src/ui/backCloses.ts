import { router } from "./router.svelte.ts";

let opened = 0;

interface BackCloses {
  /** It is closed by another way than Back: the entry goes. */
  closed: () => void;
  /** It is gone with its page: nothing is listened to any more. */
  destroy: () => void;
}

/**
 * Gives an open dialog an entry in the history, so that Back closes the dialog and stays on the page.
 * `leave` closes it, or returns false to stay open; where a link led to another page, staying is no choice.
 */
export function backCloses(leave: (led: boolean) => boolean): BackCloses {
  const id = (opened += 1);
  const { hash } = location;
  const push = () => history.pushState({ ...history.state, dialog: [...router.openDialogs, id] }, "");
  const onpopstate = () => {
    if (router.openDialogs.includes(id)) return;
    if (!leave(location.hash !== hash)) push();
  };
  const destroy = () => removeEventListener("popstate", onpopstate);
  push();
  addEventListener("popstate", onpopstate);
  return {
    closed: () => {
      destroy();
      if (router.openDialogs.at(-1) === id) history.back();
    },
    destroy,
  };
}
