/** Lets the page open without a network. Where that is not possible (no secure address), it needs one. */
export function startServiceWorker(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  navigator.serviceWorker.register("./service-worker.js", { updateViaCache: "none" }).catch(() => undefined);
}
