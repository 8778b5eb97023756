/** The scan app: opens what this phone keeps, shows a screen, and sends whenever it can. */

import { Words } from "../marks/words.js";
import { App } from "./app.js";
import { installBackup } from "./backup.js";
import { Router } from "./router.js";
import { installSaving } from "./saving.js";
import { screens } from "./screens.js";
import { Shell } from "./shell.js";
import { showStatus } from "./status.js";

const MINUTES_5 = 300_000;
/** So the panel's button "Preparar este teléfono" leads here. */
const PREPARED = "#/preparado";

const place = /** @type {HTMLElement} */ (document.querySelector("main"));
// Without https there is neither camera nor hashing, nor a program that stays.
const app = isSecureContext ? await opened().catch(() => null) : null;
if (location.hash === PREPARED) {
  history.replaceState(null, "", location.pathname);
  await app?.phone.expectLists().catch(() => undefined);
}
if (app) show(app);
else refuse(isSecureContext ? "sin-memoria" : "sin-https");

async function opened() {
  const version = document.documentElement.dataset.version ?? "";
  return App.open({ words: new Words(document), shell: new Shell(), version });
}

/** Say why nothing can be marked here. @param {string} screen */
function refuse(screen) {
  const words = /** @type {HTMLTemplateElement} */ (document.querySelector(`template[data-screen=${screen}]`));
  place.replaceChildren(words.content.cloneNode(true));
}

/** @param {App} app */
function show(app) {
  showStatus(app);
  installBackup(app);
  installSaving(app);
  // A form that is sent before its screen listens would carry a ticket into the address, and the mark would be nowhere.
  place.addEventListener("submit", (event) => event.preventDefault());
  new Router(app, place, screens).follow();
  // The lists do not wait for the program, nor it for them: on a slow line each takes a while.
  app.phone.refresh();
  app.shell.start();
  // This may be another version of the program, on a phone that was prepared again.
  app.sender.flush({ forced: true });
  const catchUp = () => {
    // There may be a signal again, whatever the browser thinks of it.
    app.sender.flush();
    app.phone.refresh();
  };
  addEventListener("online", catchUp);
  addEventListener("pageshow", (event) => event.persisted && catchUp());
  document.addEventListener("visibilitychange", () => !document.hidden && catchUp());
  setInterval(() => !document.hidden && app.phone.refresh(), MINUTES_5);
  document.querySelector("a.skip")?.addEventListener("click", (event) => {
    // What stands behind the # is which screen is open.
    event.preventDefault();
    place.querySelector("h1")?.focus();
  });
}
