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
/** What the app needs here; the other reader of codes is fetched when there is time. */
const NEEDED = FILES.filter(({ reader }) => !reader || reader === READER);
const TOTAL = NEEDED.reduce((sum, file) => sum + file.size, 0);

// No skipWaiting here: a new version must not take over while somebody stands before the camera.
self.addEventListener("install", (event) => event.waitUntil(fill(NEEDED)));
self.addEventListener("activate", (event) => event.waitUntil(tidy().then(() => self.clients.claim())));
self.addEventListener("fetch", answer);
self.addEventListener("message", (event) => event.waitUntil(told(event)));

/** Download what is missing, a few files at a time. Fails where one cannot be had: then nothing is promised. */
async function fill(files) {
  const cache = await caches.open(CACHE);
  const todo = [...files];
  let done = 0;
  const work = async () => {
    for (let file = todo.shift(); file; file = todo.shift()) {
      if (!(await found(cache, file))) await cache.put(keyOf(file), await fetched(file));
      done += file.size;
      if (files === NEEDED) await tell({ kind: "progress", version: VERSION, done, total: TOTAL });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** Only this version's files stay. It runs once nobody uses the version before. */
async function tidy() {
  const cache = await caches.open(CACHE);
  const own = new Set(FILES.map((file) => new URL(keyOf(file), location.href).href));
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
  return (await found(await caches.open(CACHE), file)) ?? fetch(request);
}

/** @param {ExtendableMessageEvent} event */
async function told(event) {
  const { kind } = event.data;
  if (kind === "update") await self.skipWaiting();
  if (kind === "repair") await fill(NEEDED).catch(() => undefined);
  if (kind === "rest") await fill(FILES).catch(() => undefined);
  if (kind === "state" || kind === "repair") event.ports[0].postMessage(await state());
}

/** What is really there: browsers may clear a store when the phone is full. */
async function state() {
  const cache = await caches.open(CACHE);
  const missing = [];
  for (const file of NEEDED) if (!(await found(cache, file))) missing.push(file.url);
  return { version: VERSION, missing };
}

/** The smallest WebAssembly: some browsers lack it, some phones forbid it. */
function canCompile() {
  try {
    return Boolean(new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)));
  } catch {
    return false;
  }
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

async function tell(message) {
  const windows = await self.clients.matchAll({ includeUncontrolled: true, type: "window" });
  for (const client of windows) client.postMessage(message);
}
