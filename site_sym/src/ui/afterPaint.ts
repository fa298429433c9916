/**
 * Runs once the next frame is on the screen: what a tap changes at once is seen before the work that it starts.
 *
 * @returns takes it back, if it has not run yet
 */
export function afterPaint(run: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const frame = requestAnimationFrame(() => (timer = setTimeout(run)));
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
}
