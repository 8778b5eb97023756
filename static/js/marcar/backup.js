/** A copy of all marks as a file that only the server opens: for the day on which the phone cannot send. */

import { seal } from "./seal.js";

const FOR_MS = 60_000;

/**
 * From now on the buttons "Guardar copia" do something, wherever they are.
 * @param {import("./app.js").App} app
 */
export function installBackup(app) {
  const part = (/** @type {string} */ selector) => /** @type {any} */ (document.querySelector(selector));
  const note = part("[data-copy]");
  const share = part("[data-copy-share]");
  /** @type {File | null} */
  let file = null;
  app.backup = async () => {
    file = null;
    let said = "copy_empty";
    let n = 0;
    try {
      const events = app.isDeleted ? app.store.remembered() : (await app.store.everything()).map(({ event }) => event);
      n = events.length;
      if (n) {
        file = await copyOf(app, events);
        save(file);
        said = app.isDeleted ? "copy_of_rest" : "copy_saved";
      }
    } catch {
      said = "copy_failed";
    }
    part("[data-copy-text]").textContent = app.words.say(said, { file: file?.name ?? "", n });
    share.hidden = !file || !navigator.canShare?.({ files: [file] });
    note.hidden = false;
  };
  share.addEventListener("click", () => file && navigator.share({ files: [file] }).catch(() => undefined));
  part("[data-copy-close]").addEventListener("click", () => (note.hidden = true));
  const now = part("[data-copy-now]");
  now.addEventListener("click", () => app.backup?.());
  app.addEventListener("change", () => (now.hidden = !(app.sender.n_unread || app.isDeleted)));
}

/**
 * @param {import("./app.js").App} app
 * @param {import("../marks/store.js").ScanEvent[]} events
 */
async function copyOf({ phone, version }, events) {
  const { device, key, offset = 0 } = phone.said ?? {};
  if (!device?.id || !key) throw new Error("nobody to seal it for");
  const body = { v: 1, device: device.id, made_at: Date.now(), offset: Math.round(offset), app: version, events };
  const sealed = await seal(JSON.stringify(body), `backup|${device.id}`, key);
  const text = JSON.stringify({ v: 1, device: device.id, sealed });
  // Whose it is the panel says: this name may be seen by all through whose hands the file goes.
  return new File([text], `marcas-telefono-${device.id.slice(-4)}-${today()}.json`, { type: "application/json" });
}

/** 2027-03-06, where the phone is. */
function today() {
  const now = new Date();
  return [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}

/** @param {File} file */
function save(file) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), FOR_MS);
}
