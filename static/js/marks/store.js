/**
 * What this browser keeps, in a database of its own: marks (never changed once made), lists of cards, and small things.
 * No name and no contact is ever written here. The panel's page at the door keeps its marks here too, until the server has
 * them: they wait for whoever is signed in, and are no marks of the phone that this may be prepared as.
 */

import { uuid7 } from "./uuid7.js";

const NAME = "marcar";
const VERSION = 1;
/** Under which the store has a name of its own: one that was made anew after the browser deleted ours has another. */
const OWN_NAME = "name";
/** Who may send what waits: the phone that this browser is prepared as, or who is signed in to the panel. */
const OF_PHONE = 1;
const OF_PANEL = 2;
/** Under which the last number is kept that each of them gave to a mark. */
const LAST = { [OF_PHONE]: "seq", [OF_PANEL]: "seq_panel" };
/** What browsers say of a store that they took away. */
const LOST = new Set(["InvalidStateError", "UnknownError"]);

/**
 * @typedef {object} ScanEvent frozen once it is kept; the fields are those that the server is sent
 * @property {string} id UUIDv7 made here
 * @property {string} kind in, out, undo, walkin, left, heads, consent, close, slip, count
 * @property {string} [session]
 * @property {string} [activity]
 * @property {number} at milliseconds since 1970 by this phone's clock
 * @property {number} perf milliseconds since this page was opened
 * @property {string} page which opening of the page that was
 * @property {number} seq grows by one with each mark of this phone
 * @property {string} how camera, typed, row, sheet, button, list
 * @property {string} [h] the card, as in the list
 * @property {string} [code] token or short code that the list does not know
 * @property {boolean} known does the list know it?
 * @property {string} [registration] the line of the panel's list that was tapped
 * @property {string} [target] the mark that an undo takes back
 * @property {string} [sheet]
 * @property {number} [row]
 * @property {number} [stated_at]
 * @property {number} [number]
 * @property {string} [sealed]
 * @property {string} [sex]
 * @property {string} [age_band]
 * @property {string} roster version of the list it was made with
 * @property {string} app version of this program
 */

/**
 * @typedef {object} Kept one mark as it lies here
 * @property {string} id
 * @property {string} scope its session or activity
 * @property {1 | 2} [waiting] there until the server acknowledged it by its id: OF_PHONE or OF_PANEL
 * @property {1} [unread] the server has it, but does not understand it: it stays here
 * @property {{state: string, flag: string, text: string}} [receipt] what the server said
 * @property {ScanEvent} event
 */

/** @typedef {Omit<ScanEvent, "seq">} Draft */
/** @typedef {1 | 2} Queue */
/** @typedef {Awaited<ReturnType<typeof openStore>>} Store */

/**
 * @typedef {object} Told what ends the keeping in this page: it is called once, and nothing is kept any more
 * @property {() => void} onClosed another window has a newer version of this program
 * @property {() => void} onDeleted the browser deleted the store, and all marks in it
 */

/**
 * Opens the store, or fails where the browser has none (some private windows).
 * @param {Told} told
 */
export async function openStore(told) {
  const on = await connection(told);
  /** @type {Map<string, ScanEvent>} all of the phone that this page kept or read: what is left where the browser deletes the store */
  const seen = new Map();
  const noted = (/** @type {Kept[]} */ kept) => {
    const own = kept.filter(({ waiting }) => waiting !== OF_PANEL);
    for (const { event } of own) seen.set(event.id, event);
    return own;
  };
  const keepIn = (/** @type {Queue} */ queue, /** @type {Draft[]} */ drafts) =>
    on((db) => keep(db, queue, drafts).catch((error) => keptBefore(db, drafts, error)));
  const read = (/** @type {string} */ name, /** @type {(store: IDBObjectStore) => IDBRequest} */ ask) =>
    on((db) => asked(ask(db.transaction(name).objectStore(name))));
  const change = (/** @type {string} */ name, /** @type {(store: IDBObjectStore) => void} */ act) => on((db) => changed(db, name, act));
  return {
    /**
     * Keep marks, all or none, and number them, in one transaction that is on the disk when this resolves.
     * @param {Draft[]} drafts
     * @returns {Promise<ScanEvent[]>}
     */
    keepAll: async (drafts) => {
      const events = await keepIn(OF_PHONE, drafts);
      for (const event of events) seen.set(event.id, event);
      return events;
    },
    /** The same for one that was made in the panel. @param {Draft} draft */
    keepOfPanel: async (draft) => (await keepIn(OF_PANEL, [draft]))[0],
    /** @returns {Promise<Kept[]>} oldest first */
    ofPanel: () => read("events", (store) => store.index("waiting").getAll(OF_PANEL)),
    /** @param {string} scope @returns {Promise<Kept[]>} oldest first */
    of: async (scope) => noted(await read("events", (store) => store.index("scope").getAll(scope))),
    /** @returns {Promise<Kept[]>} */
    everything: async () => noted(await read("events", (store) => store.getAll())),
    /** What this page knows of it, also where the store is gone. @returns {ScanEvent[]} oldest first */
    remembered: () => [...seen.values()].sort((a, b) => a.seq - b.seq),
    /** @param {number} most @returns {Promise<Kept[]>} oldest first */
    waiting: async (most) => noted(await read("events", (store) => store.index("waiting").getAll(OF_PHONE, most))),
    /** @returns {Promise<number>} */
    countWaiting: () => read("events", (store) => store.index("waiting").count(OF_PHONE)),
    /** @returns {Promise<number>} */
    countUnread: () => read("events", (store) => store.index("unread").count()),
    /** @param {Array<{id: string, state: string, flag?: string, text?: string}>} results */
    receive: (results) => on((db) => receive(db, results)),
    /** What the server did not understand waits again: it may be mended, or this phone prepared for it by now. */
    retryUnread: () => on(retryUnread),
    /**
     * What the server had, and has no more, waits again.
     * @param {string[]} ids
     */
    sendAgain: (ids) => on((db) => sendAgain(db, ids)),
    /** @param {string[]} ids */
    forget: async (ids) => {
      await change("events", (store) => ids.forEach((id) => store.delete(id)));
      for (const id of ids) seen.delete(id);
    },
    /** @param {string} session @returns {Promise<any>} */
    roster: (session) => read("rosters", (store) => store.get(session)),
    /** @returns {Promise<any[]>} */
    rosters: () => read("rosters", (store) => store.getAll()),
    /** @param {object} roster */
    putRoster: (roster) => change("rosters", (store) => store.put(roster)),
    /** @param {string} session */
    dropRoster: (session) => change("rosters", (store) => store.delete(session)),
    /**
     * Marks are numbered on from here, unless they are further already.
     * @param {number} number
     */
    numberFrom: (number) => on((db) => numberFrom(db, number)),
    /** @param {string} device as which this phone is prepared from here on, unless it is already */
    beginAs: (device) => on((db) => beginAs(db, device)),
    /** @param {string} key @returns {Promise<any>} */
    get: (key) => read("meta", (store) => store.get(key)),
    /** @param {string} key @param {unknown} value */
    put: (key, value) => change("meta", (store) => store.put(value, key)),
  };
}

/**
 * Does things with the store, and opens it again where the browser took it away.
 * @param {Told} told
 */
async function connection({ onClosed, onDeleted }) {
  let isOver = false;
  const end = (/** @type {() => void} */ told) => {
    isOver = true;
    db.close();
    told();
  };
  const watched = (/** @type {IDBDatabase} */ opened) => {
    opened.onversionchange = ({ newVersion }) => end(newVersion === null ? onDeleted : onClosed);
    return opened;
  };
  let db = watched(await opened(create));
  // A phone that is full still has to show and send what it keeps.
  const name = await named(db).catch(() => "");
  const renew = async () => {
    // One that failed is not left behind: with a lasting fault they would pile up.
    db.close();
    const again = await openedAgain(name);
    if (again) db = watched(again);
    else if (!isOver) end(onDeleted);
  };
  /** @type {Promise<void> | null} */
  let renewing = null;
  return async (/** @type {(db: IDBDatabase) => Promise<any>} */ act) => {
    const used = db;
    try {
      return await act(used);
    } catch (error) {
      // iOS takes the store away from a page in the background: without this nothing is kept until it is loaded anew.
      if (isOver || !LOST.has(/** @type {Error} */ (error).name)) throw error;
      if (db === used) await (renewing ??= renew().finally(() => (renewing = null)));
      if (isOver) throw error;
      return act(db);
    }
  };
}

/**
 * @param {(request: IDBOpenDBRequest) => void} onNone there is none yet
 * @returns {Promise<IDBDatabase>}
 */
function opened(onNone) {
  const request = indexedDB.open(NAME, VERSION);
  request.onupgradeneeded = () => onNone(request);
  return asked(request);
}

/**
 * Later versions may only add: a mark made by an old version must still be sent by a new one.
 * @param {IDBOpenDBRequest} request
 */
function create({ result }) {
  const events = result.createObjectStore("events", { keyPath: "id" });
  events.createIndex("waiting", "waiting");
  events.createIndex("unread", "unread");
  events.createIndex("scope", "scope");
  result.createObjectStore("rosters", { keyPath: "session" });
  result.createObjectStore("meta");
}

/**
 * The same store once more. An empty one in its place would be green, and the marks gone without a word.
 * @param {string} name
 * @returns {Promise<IDBDatabase | null>} null where it was deleted, also where another window made a new one since
 */
async function openedAgain(name) {
  let isDeleted = false;
  const db = await opened(({ transaction }) => {
    isDeleted = true;
    transaction?.abort();
  }).catch((error) => {
    if (!isDeleted) throw error;
  });
  if (!db) return null;
  const found = await nameOf(db).catch((error) => {
    db.close();
    throw error;
  });
  if (!name || found === name) return db;
  db.close();
  return null;
}

/** @param {IDBDatabase} db @returns {Promise<string | undefined>} none where no program gave it one */
async function nameOf(db) {
  return asked(db.transaction("meta").objectStore("meta").get(OWN_NAME));
}

/**
 * The store's own name; older programs gave it none.
 * @param {IDBDatabase} db
 * @returns {Promise<string>}
 */
async function named(db) {
  const before = await nameOf(db);
  if (before) return before;
  // Two windows at once: the first one's name holds.
  await changed(db, "meta", (store) => {
    const found = store.get(OWN_NAME);
    found.onsuccess = () => found.result ?? store.put(uuid7(), OWN_NAME);
  });
  return (await nameOf(db)) ?? "";
}

/**
 * @param {IDBDatabase} db
 * @param {Queue} queue
 * @param {Draft[]} drafts
 * @returns {Promise<ScanEvent[]>}
 */
async function keep(db, queue, drafts) {
  // "strict": the browser flushes to the disk before it says yes; the default does not survive a flat battery.
  const transaction = db.transaction(["events", "meta"], "readwrite", { durability: "strict" });
  const done = finished(transaction);
  const meta = transaction.objectStore("meta");
  /** @type {ScanEvent[]} */
  let events = [];
  /** @type {unknown} why, where it is not the transaction that says so */
  let trouble = null;
  const last = meta.get(LAST[queue]);
  last.onsuccess = () => {
    events = drafts.map((draft, n) => Object.freeze({ ...draft, seq: (last.result ?? 0) + 1 + n }));
    try {
      meta.put((last.result ?? 0) + events.length, LAST[queue]);
      for (const event of events) {
        const scope = event.session ?? event.activity ?? "";
        transaction.objectStore("events").add({ id: event.id, scope, waiting: queue, event });
      }
    } catch (error) {
      trouble = error;
      transaction.abort();
    }
  };
  await done.catch((error) => {
    throw trouble ?? error;
  });
  return events;
}

/**
 * What the browser kept and then failed to say so, and what therefore cannot be kept again.
 * @param {IDBDatabase} db
 * @param {Draft[]} drafts
 * @param {Error} error why they could not be kept now
 * @returns {Promise<ScanEvent[]>} fails with `error` where they are not there, just as they are
 */
async function keptBefore(db, drafts, error) {
  if (error.name !== "ConstraintError") throw error;
  const store = db.transaction("events").objectStore("events");
  /** @type {Array<Kept | undefined>} */
  const found = await Promise.all(drafts.map(({ id }) => asked(store.get(id))));
  return drafts.map((draft, n) => {
    const event = found[n]?.event;
    if (!event || JSON.stringify({ ...draft, seq: event.seq }) !== JSON.stringify(event)) throw error;
    return Object.freeze(event);
  });
}

/**
 * @param {IDBDatabase} db
 * @param {Array<{id: string, state: string, flag?: string, text?: string}>} results
 */
function receive(db, results) {
  return changed(db, "events", (store) => {
    for (const { id, state, flag = "", text = "" } of results) {
      const found = store.get(id);
      found.onsuccess = () => {
        if (!found.result) return;
        const { waiting: _waiting, unread: _unread, ...kept } = found.result;
        store.put({ ...kept, ...(state === "malformed" ? { unread: 1 } : {}), receipt: { state, flag, text } });
      };
    }
  });
}

/** @param {IDBDatabase} db */
function retryUnread(db) {
  return changed(db, "events", (store) => {
    const found = store.index("unread").getAll();
    found.onsuccess = () => {
      for (const { unread: _unread, ...kept } of found.result) store.put({ ...kept, waiting: OF_PHONE });
    };
  });
}

/**
 * @param {IDBDatabase} db
 * @param {string[]} ids
 */
function sendAgain(db, ids) {
  return changed(db, "events", (store) => {
    for (const id of ids) {
      const found = store.get(id);
      found.onsuccess = () => found.result && store.put({ ...found.result, waiting: OF_PHONE });
    }
  });
}

/**
 * @param {IDBDatabase} db
 * @param {number} number
 */
function numberFrom(db, number) {
  return changed(db, "meta", (store) => {
    const last = store.get("seq");
    last.onsuccess = () => {
      if ((last.result ?? 0) < number) store.put(number, "seq");
    };
  });
}

/**
 * Which number comes next, as long as it is prepared as this device; said once.
 * @param {IDBDatabase} db
 * @param {string} device
 */
function beginAs(db, device) {
  return changed(db, "meta", (store) => {
    const [begun, last] = [store.get("first"), store.get("seq")];
    last.onsuccess = () => {
      if (begun.result?.device !== device) store.put({ device, number: (last.result ?? 0) + 1 }, "first");
    };
  });
}

/**
 * @param {IDBDatabase} db
 * @param {string} name
 * @param {(store: IDBObjectStore) => void} change
 */
async function changed(db, name, change) {
  const transaction = db.transaction(name, "readwrite");
  const done = finished(transaction);
  change(transaction.objectStore(name));
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
