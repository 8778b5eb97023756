/** The line on top of every screen: what waits here, and what stands between this phone and the server. */

import { put } from "../marks/words.js";

/** @param {import("./app.js").App} app */
export function showStatus(app) {
  const line = part("[data-queue]");
  const send = part("[data-send]");
  const panel = part("[data-to-panel]");
  const account = part("[data-account]");
  send.addEventListener("click", () => {
    app.sender.flush({ forced: true });
    app.phone.refresh();
  });
  const draw = () => {
    // What was waiting is gone: any number, and "all sent" too, would be believed.
    put(line, app.isDeleted ? "" : queueInWords(app));
    const [one] = app.sender.ofPanel;
    panel.hidden = !one;
    // The page from which it was to be sent, and which sends it when it is opened.
    panel.href = one ? pageOf(one) : "";
    send.hidden = app.isDeleted || !(app.sender.n_waiting || app.sender.n_unread);
    // Its own element: news of the queue must not wipe out what has to be done.
    const trouble = troubleOf(app);
    const more = trouble === "revoked" && app.sender.n_unread ? "_kept" : "";
    put(account, trouble ? app.words.say(`account_${trouble}${more}`) : "");
    account.parentElement.hidden = !trouble;
    part("[data-to-enrol]").hidden = trouble !== "unprepared";
  };
  app.addEventListener("change", draw);
  draw();
}

/** @param {import("../marks/store.js").Kept} kept */
function pageOf({ scope, event }) {
  return event.activity ? `/panel/actividades/${scope}/conteo` : `/panel/sesiones/${scope}/asistencia`;
}

/** The worst first. @param {import("./app.js").App} app */
function troubleOf({ isDeleted, isClosed, phone }) {
  if (isDeleted) return "deleted";
  return isClosed ? "closed" : phone.account;
}

/** @param {import("./app.js").App} app */
function queueInWords(app) {
  const { n_waiting, trouble } = app.sender;
  const why = n_waiting && (trouble === "offline" || trouble === "down") ? `${app.words.say(trouble)} ` : "";
  return why + unsentInWords(app);
}

/**
 * What of this browser is not with the server yet, also what was marked on the panel's page; else that all is sent.
 * @param {Pick<import("./app.js").App, "sender" | "words">} app
 */
export function unsentInWords({ sender, words }) {
  const { n_waiting, n_unread, ofPanel } = sender;
  const counted = Object.entries({ waiting: n_waiting, unread: n_unread, of_panel: ofPanel.length });
  const said = counted.map(([key, n]) => (n ? words.many(key, n) : ""));
  return said.filter(Boolean).join(" · ") || words.say("all_sent");
}

/** @param {string} selector @returns {any} */
function part(selector) {
  return document.querySelector(selector);
}
