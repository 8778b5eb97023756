/** Marks that wait in this browser to be sent: the scan app and the panel's list at the door keep their own. */

/** @typedef {{name: string, store: string, index?: string}} Queue */

/** @type {Queue} */
export const APP = { name: "marcar", store: "events", index: "waiting" };
/** @type {Queue} */
export const PANEL = { name: "trainings-scan", store: "unsent" };

/**
 * What waits in one of them, as it lies there; nothing of it is changed. None where there is no such queue.
 * @param {Queue} queue
 * @returns {Promise<any[]>}
 */
export async function unsentIn({ name, store, index }) {
  const opening = indexedDB.open(name);
  // There is none: it must not be made here, empty, in place of the one that its own page would make.
  opening.onupgradeneeded = () => opening.transaction?.abort();
  const db = await asked(opening).catch(() => null);
  if (!db) return [];
  try {
    const kept = db.transaction(store).objectStore(store);
    return await asked((index ? kept.index(index) : kept).getAll());
  } catch {
    return [];
  } finally {
    db.close();
  }
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
