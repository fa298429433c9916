// Keeps the portal's own files, so that it opens without a network. It never touches what the database answers.
// The build replaces the two names in capitals by a hash of the files and their list.
const CACHE = "portal-BUILD_HASH";
const FILES = BUILD_FILES;
const PAGE_TIMEOUT_MS = 4000;

addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([...FILES, "./config.json"])));
});

// It starts to serve when no page of the build before it is open any more: that one's files may go then.
addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys().then((names) => Promise.all(names.filter((name) => name.startsWith("portal-") && name !== CACHE).map((name) => caches.delete(name)))),
  );
});

/** From the network, else what was kept: the page itself and its settings are always the newest that can be had. */
async function newest(request, key) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PAGE_TIMEOUT_MS) });
    if (answer.ok && key === "./config.json") await cache.put(key, answer.clone());
    return answer;
  } catch (error) {
    const kept = await cache.match(key);
    if (kept) return kept;
    throw error;
  }
}

async function kept(request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(request)) ?? fetch(request);
}

addEventListener("fetch", (event) => {
  const { request } = event;
  const scope = registration.scope;
  if (request.method !== "GET" || !request.url.startsWith(scope)) return;
  const path = request.url.slice(scope.length).split(/[?#]/, 1)[0];
  if (request.mode === "navigate") {
    if (path === "" || path === "index.html") event.respondWith(newest(request, "./index.html"));
  } else if (path === "config.json") event.respondWith(newest(request, "./config.json"));
  else if (FILES.includes(`./${path}`)) event.respondWith(kept(request));
});
