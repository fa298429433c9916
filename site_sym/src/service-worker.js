// Keeps one whole build of the portal, so that it opens without a network. It never touches what the database answers.
// The build replaces the two names in capitals: by a hash of all files, and by the files with the hash of each.
const CACHE = "portal-BUILD_HASH";
const FILES = BUILD_FILES;
const CONFIG_TIMEOUT_MS = 4000;
/** The mark of a build that is kept whole, with the time since when. */
const WHOLE = "./whole-since";

// Some hosts redirect "index.html", and no redirected answer may open a page.
const addressOf = (path) => (path === "./index.html" ? "./" : path);

/** A file of this build and no other: past the HTTP cache, in which a host's max-age may hold the one before it. */
async function ofThisBuild(path) {
  const answer = await fetch(addressOf(path), { cache: "no-cache", integrity: FILES[path] });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer;
}

// All of it or nothing: while a deployment is half-way, the build before it goes on being served.
addEventListener("install", (event) => {
  event.waitUntil(
    keepBuild().catch(async (error) => {
      await caches.delete(CACHE);
      throw error;
    }),
  );
});

async function keepBuild() {
  const cache = await caches.open(CACHE);
  await Promise.all(Object.keys(FILES).map(async (path) => cache.put(path, await ofThisBuild(path))));
  await cache.add(new Request("./config.json", { cache: "no-cache" }));
  await cache.put(WHOLE, new Response(String(Date.now())));
}

// When no page is open any more that the worker before this one served, the builds before this one may go.
addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys().then((names) => Promise.all(names.filter((name) => name.startsWith("portal-") && name !== CACHE).map((name) => caches.delete(name)))),
  );
});

/** The builds that are kept whole, the newest first: one may have been kept by the worker that waits for this one to go. */
async function wholeBuilds() {
  const names = (await caches.keys()).filter((name) => name.startsWith("portal-"));
  const builds = await Promise.all(
    names.map(async (name) => {
      const cache = await caches.open(name);
      return { cache, since: Number(await (await cache.match(WHOLE))?.text()) };
    }),
  );
  return builds.filter(({ since }) => since > 0).sort((one, other) => other.since - one.since).map(({ cache }) => cache);
}

/** The newest build opens; a page that is open still gets the parts of its own, whose names no other build has. */
async function kept(path, request) {
  for (const cache of await wholeBuilds()) {
    const file = await cache.match(path);
    if (file) return file;
  }
  return fetch(request);
}

/** The settings are the newest that can be had, else those that were kept. */
async function config(request) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(CONFIG_TIMEOUT_MS) });
    if (answer.ok) await cache.put("./config.json", answer.clone());
    return answer;
  } catch (error) {
    const kept = await cache.match("./config.json");
    if (kept) return kept;
    throw error;
  }
}

addEventListener("fetch", (event) => {
  const { request } = event;
  const scope = registration.scope;
  if (request.method !== "GET" || !request.url.startsWith(scope)) return;
  const path = `./${request.url.slice(scope.length).split(/[?#]/, 1)[0]}`;
  if (request.mode === "navigate") {
    if (path === "./" || path === "./index.html") event.respondWith(kept("./index.html", request));
  } else if (path === "./config.json") event.respondWith(config(request));
  else if (Object.hasOwn(FILES, path) || path.startsWith("./assets/")) event.respondWith(kept(path, request));
});
