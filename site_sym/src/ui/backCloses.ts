import { router } from "./router.svelte.ts";

// The history outlives the page: after a reload no dialog may have the number of an earlier one.
let opened = performance.timeOrigin;

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
  const { entry } = router;
  const push = () => history.pushState({ ...history.state, dialog: [...router.openDialogs, id] }, "");
  const onpopstate = () => {
    if (router.openDialogs.includes(id)) return;
    if (!leave(location.hash !== hash || router.entry !== entry)) push();
  };
  let isOpen = true;
  router.settled(() => {
    if (!isOpen) return;
    push();
    addEventListener("popstate", onpopstate);
  });
  const destroy = () => {
    isOpen = false;
    removeEventListener("popstate", onpopstate);
  };
  return {
    closed: () => {
      destroy();
      if (router.openDialogs.at(-1) === id) router.stepBack();
    },
    destroy,
  };
}
