/** The scan app: opens what this phone keeps, shows a screen, and sends whenever it can. */

import { App } from "./app.js";
import { Router } from "./router.js";
import { screens } from "./screens.js";
import { showStatus } from "./status.js";

const MINUTES_5 = 300_000;

const place = /** @type {HTMLElement} */ (document.querySelector("main"));
const app = await App.open().catch(() => null);
if (app) show(app);
else {
  const trouble = /** @type {HTMLTemplateElement} */ (document.querySelector("template[data-screen=sin-memoria]"));
  place.replaceChildren(trouble.content.cloneNode(true));
}

/** @param {App} app */
function show(app) {
  showStatus(app);
  new Router(app, place, screens).follow();
  app.shell.start().then(() => app.phone.refresh());
  app.sender.flush();
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
