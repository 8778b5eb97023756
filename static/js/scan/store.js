/** Events that the server has not acknowledged yet, in IndexedDB. One is removed only after the server named it as stored. */

const NAME = "trainings-scan";
const VERSION = 1;

/**
 * @typedef {object} ScanEvent
 * @property {string} id UUIDv7 made here; the server counts it once however often it arrives
 * @property {string} url where it is posted: belongs to one session
 * @property {"in" | "undo" | "out"} kind
 * @property {string | null} code token or short code
 * @property {string | null} registration the row that was tapped
 * @property {string | null} target the event that an undo takes back
 * @property {number} at milliseconds since 1970, by this device's clock
 * @property {"camera" | "typed" | "list"} how
 * @property {number} seq grows by one with each event of this device
 */

/** @typedef {Awaited<ReturnType<typeof openStore>>} Store */

/** Opens the store, or fails where the browser has none (some private windows). */
export async function openStore() {
  const db = await opened();
  // A newer version of this page in another tab must not wait for us.
  db.onversionchange = () => db.close();
  return {
    /**
     * Keep an event and give it its number, in one transaction that is on the disk when this resolves.
     * @param {Omit<ScanEvent, "seq">} draft
     * @returns {Promise<ScanEvent>}
     */
    keep: (draft) => keep(db, draft),
    /** @returns {Promise<ScanEvent[]>} oldest first */
    unsent: () => asked(db.transaction("unsent").objectStore("unsent").getAll()),
    /** @param {string[]} ids */
    forget: (ids) => forget(db, ids),
  };
}

/** @returns {Promise<IDBDatabase>} */
function opened() {
  const request = indexedDB.open(NAME, VERSION);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("unsent", { keyPath: "id" });
    request.result.createObjectStore("meta");
  };
  return asked(request);
}

/**
 * @param {IDBDatabase} db
 * @param {Omit<ScanEvent, "seq">} draft
 */
async function keep(db, draft) {
  // "strict": the browser flushes to the disk before it says yes; the default does not survive a flat battery.
  const transaction = db.transaction(["unsent", "meta"], "readwrite", { durability: "strict" });
  const done = finished(transaction);
  const meta = transaction.objectStore("meta");
  let event = { ...draft, seq: 1 };
  const last = meta.get("seq");
  last.onsuccess = () => {
    event = { ...draft, seq: (last.result ?? 0) + 1 };
    try {
      meta.put(event.seq, "seq");
      transaction.objectStore("unsent").add(event);
    } catch {
      transaction.abort();
    }
  };
  await done;
  return event;
}

/**
 * @param {IDBDatabase} db
 * @param {string[]} ids
 */
async function forget(db, ids) {
  const transaction = db.transaction("unsent", "readwrite");
  const done = finished(transaction);
  for (const id of ids) transaction.objectStore("unsent").delete(id);
  await done;
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function asked(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * @param {IDBTransaction} transaction
 * @returns {Promise<void>}
 */
function finished(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    // What fails in it ends here too, and only now the transaction says why.
    transaction.onabort = () => reject(transaction.error ?? new Error("aborted"));
  });
}
