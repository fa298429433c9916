// Runs before the first paint, so that a forced light or dark page never flashes in the other.
try {
  const { theme } = JSON.parse(localStorage.getItem("preferences") ?? "{}");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is blocked or holds something else: the system's theme stands.
}
