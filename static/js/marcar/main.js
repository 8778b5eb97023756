/** The scan app: opens what this phone keeps, shows a screen, and sends whenever it can. */

import { App } from "./app.js";
import { Router } from "./router.js";
import { screens } from "./screens.js";
import { showStatus } from "./status.js";

const MINUTES_5 = 300_000;

const place = /** @type {HTMLElement} */ (document.querySelector("main"));
const app = new App();

try {
  await app.start();
  open();
} catch {
  const trouble = /** @type {HTMLTemplateElement} */ (document.querySelector("template[data-screen=sin-memoria]"));
  place.replaceChildren(trouble.content.cloneNode(true));
}

function open() {
  showStatus(app);
  const router = new Router(app, place, screens);
  router.follow();
  document.querySelector("a.skip")?.addEventListener("click", (event) => {
    // What stands behind the # is which screen is open.
    event.preventDefault();
    place.querySelector("h1")?.focus();
  });
  app.shell.start().then(() => app.phone.refresh());
  app.sender.flush();
  addEventListener("online", catchUp);
  addEventListener("pageshow", (event) => event.persisted && catchUp());
  document.addEventListener("visibilitychange", () => !document.hidden && catchUp());
  setInterval(() => !document.hidden && app.phone.refresh(), MINUTES_5);
}

/** There may be a signal again, whatever the browser thinks of it. */
function catchUp() {
  app.sender.flush();
  if (app.phone.isPrepared) app.phone.refresh();
}
