/** "Ahorro": number pad only, camera off, plain dark screen; and the warning to finish on paper before the battery ends. */

const KEY = "ahorro";
const LAST_LEVEL = 0.1;

export function isSaving() {
  return document.documentElement.hasAttribute("data-saving");
}

/** @param {import("./app.js").App} app */
export async function installSaving(app) {
  const { store } = app;
  const page = document.documentElement;
  const show = (/** @type {boolean} */ isOn) => {
    page.toggleAttribute("data-saving", isOn);
    for (const button of document.querySelectorAll("button[data-save-power]")) button.setAttribute("aria-pressed", String(isOn));
    app.changed();
  };
  document.addEventListener("click", (event) => {
    if (!(/** @type {Element} */ (event.target).closest("button[data-save-power]"))) return;
    store.put(KEY, !isSaving()).catch(() => undefined);
    show(!isSaving());
    // Leaving the camera's screen turns it off, and lets the telephone sleep.
    if (isSaving()) location.hash = location.hash.replace(/^#\/marcar\/([^/]+).*/, "#/filas/$1");
  });
  show(Boolean(await store.get(KEY)));
  watchBattery(/** @type {any} */ (navigator));
}

/** Only some browsers tell. @param {{getBattery?: () => Promise<any>}} device */
async function watchBattery(device) {
  const battery = await device.getBattery?.().catch(() => null);
  if (!battery) return;
  const note = /** @type {HTMLElement} */ (document.querySelector("[data-battery]"));
  const look = () => {
    note.hidden = battery.charging || battery.level > LAST_LEVEL;
  };
  for (const change of ["levelchange", "chargingchange"]) battery.addEventListener(change, look);
  look();
}
