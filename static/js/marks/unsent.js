/** Marks that wait in this browser to be sent, of the scan app and of the panel's page at the door: they lie in one store. */

/**
 * They are only looked at, and nothing of them is changed. None where there is no store.
 * @returns {Promise<import("./store.js").Kept[]>}
 */
export async function waitingHere() {
  const opening = indexedDB.open("marcar");
  // There is none: it must not be made here, empty, in place of the one that its own page would make.
  opening.onupgradeneeded = () => opening.transaction?.abort();
  const db = await asked(opening).catch(() => null);
  if (!db) return [];
  try {
    return await asked(db.transaction("events").objectStore("events").index("waiting").getAll());
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
