/**
 * Keeps the scan app on this phone, so that it opens without signal. Served as /marcar/sw.js behind four lines that the
 * server writes: VERSION, FILES (what to keep, with the hash of each), SHELLS (the page behind each address).
 *
 * Files lie in one store under their address and hash: a new version takes from it what did not change, a broken
 * download goes on where it stopped, and the old version keeps its own files until the new one rules.
 */

/* global VERSION, FILES, SHELLS */

const CACHE = "marcar-shell";
const AT_ONCE = 4;
const BY_ADDRESS = new Map(FILES.map((file) => [file.url, file]));
const READER = canCompile() ? "wasm" : "jsqr";
/** The store, opened once for the many files of one page. */
let opened = null;

// No skipWaiting here: a new version must not take over while somebody stands before the camera.
self.addEventListener("install", (event) => event.waitUntil(windows().then((open) => fill(needed(open), true))));
self.addEventListener("activate", (event) => event.waitUntil(tidy().then(() => self.clients.claim())));
self.addEventListener("fetch", answer);
self.addEventListener("message", (event) => event.waitUntil(told(event)));

/**
 * What the app needs here: one reader of codes, the pages that are open. The other reader, and the page in the other
 * language, are fetched when there is time.
 */
function needed(open) {
  const pages = new Set(open.map(({ url }) => SHELLS[new URL(url).pathname]).filter(Boolean));
  return FILES.filter(({ url, reader }) => (reader ? reader === READER : !(url in SHELLS) || !pages.size || pages.has(url)));
}

/** Download what is missing, a few files at a time. Fails where one cannot be had: then nothing is promised. */
async function fill(files, isTold = false) {
  const cache = await caches.open(CACHE);
  const total = files.reduce((sum, file) => sum + file.size, 0);
  const todo = await lacking(cache, files);
  let done = total - todo.reduce((sum, file) => sum + file.size, 0);
  const work = async () => {
    for (let file = todo.shift(); file; file = todo.shift()) {
      await cache.put(keyOf(file), await fetched(file));
      done += file.size;
      if (isTold) for (const client of await windows()) client.postMessage({ kind: "progress", version: VERSION, done, total });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** Only this version's files stay. It runs once nobody uses the version before. */
async function tidy() {
  const cache = await caches.open(CACHE);
  const own = new Set(FILES.map(placeOf));
  for (const request of await cache.keys()) if (!own.has(request.url)) await cache.delete(request);
}

/** @param {FetchEvent} event */
function answer(event) {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  const address = request.mode === "navigate" ? SHELLS[url.pathname] : url.pathname + url.search;
  const file = BY_ADDRESS.get(address);
  // Everything else, and all of the API, goes to the network as if nobody stood here.
  if (file) event.respondWith(kept(file, request));
}

async function kept(file, request) {
  opened ??= caches.open(CACHE);
  // A store that could not be opened now may be the next time.
  const cache = await opened.catch(() => (opened = null));
  return (cache && (await found(cache, file))) ?? fetch(request);
}

/** @param {ExtendableMessageEvent} event */
async function told(event) {
  const { kind } = event.data;
  if (kind === "update") await self.skipWaiting();
  if (kind === "repair") await fill(needed([event.source]), true).catch(() => undefined);
  if (kind === "rest") await fill(FILES).catch(() => undefined);
  if (kind === "state" || kind === "repair") event.ports[0].postMessage(await state(event.source));
}

/** What is really there: browsers may clear a store when the phone is full. */
async function state(client) {
  const missing = await lacking(await caches.open(CACHE), needed([client]));
  return { version: VERSION, missing: missing.map(({ url }) => url) };
}

/** The smallest WebAssembly: some browsers lack it, some phones forbid it. */
function canCompile() {
  try {
    return Boolean(new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)));
  } catch {
    return false;
  }
}

/** Asked for once: to look for one file after another takes many times as long. */
async function lacking(cache, files) {
  const kept = new Set((await cache.keys()).map(({ url }) => url));
  return files.filter((file) => !kept.has(placeOf(file)));
}

function placeOf(file) {
  return new URL(keyOf(file), location.href).href;
}

function found(cache, file) {
  return cache.match(keyOf(file), { ignoreVary: true });
}

function keyOf(file) {
  return `${file.url}${file.url.includes("?") ? "&" : "?"}kept=${encodeURIComponent(file.key)}`;
}

async function fetched(file) {
  // The hash refuses a file of another version, and the page with which a hotel asks to accept its terms.
  const response = await fetch(new Request(file.url, { cache: "no-cache", integrity: `sha256-${file.hash}` }));
  if (!response.ok || response.redirected) throw new Error(`${file.url}: ${response.status}`);
  return response;
}

function windows() {
  return self.clients.matchAll({ includeUncontrolled: true, type: "window" });
}
