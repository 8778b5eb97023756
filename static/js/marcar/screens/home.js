/** Home: the sessions of this phone, whether each can be marked without signal, and what this phone still lacks. */

import { dayAndTime } from "../words.js";

/** @type {import("../router.js").Screen} */
export const home = {
  name: "inicio",
  open(place, app) {
    const part = (/** @type {string} */ selector) => /** @type {any} */ (place.querySelector(selector));
    part("[data-update] button").addEventListener("click", () => app.shell.update());
    const draw = () => {
      part("[data-unprepared]").hidden = app.phone.isPrepared;
      part("[data-prepared]").hidden = !app.phone.isPrepared;
      part("[data-update]").hidden = !app.shell.hasUpdate || app.isScanning;
      drawReady(part("[data-ready]"), app);
      part("[data-phone]").textContent = app.phone.said?.device?.name ?? "";
      part("[data-none]").hidden = app.phone.sessions.length > 0;
      const model = part("template");
      part("[data-sessions]").replaceChildren(...app.phone.sessions.map((session) => row(model, session, app)));
    };
    app.addEventListener("change", draw);
    draw();
    return () => app.removeEventListener("change", draw);
  },
};

/**
 * What is missing before this phone may go where there is no signal; in words, with the share that came.
 * @param {any} element
 * @param {import("../app.js").App} app
 */
function drawReady(element, app) {
  const { shell, phone, words } = app;
  const n_missing = phone.sessions.filter((session) => !phone.hasRoster(session.id)).length;
  const isReady = shell.isComplete && phone.isPrepared && !n_missing;
  element.dataset.state = isReady ? "ready" : "missing";
  element.querySelector("[data-yes]").hidden = !isReady;
  element.querySelector("[data-no]").hidden = isReady;
  const lacks = [];
  if (!shell.isSupported) lacks.push(words.say("lacks_worker"));
  else if (!shell.isComplete) {
    lacks.push(shell.total ? words.say("lacks_share", { share: Math.floor((shell.done / shell.total) * 100) }) : words.say("lacks_program"));
  }
  if (n_missing) lacks.push(words.many("lacks_list", n_missing));
  const text = lacks.join(" ");
  const said = element.querySelector("[data-lacks]");
  if (said.textContent !== text) said.textContent = text;
  const bar = element.querySelector("progress");
  bar.hidden = !shell.isSupported || shell.isComplete || !shell.total;
  bar.value = shell.total ? shell.done / shell.total : 0;
}

/**
 * @param {HTMLTemplateElement} model
 * @param {any} session
 * @param {import("../app.js").App} app
 */
function row(model, session, { phone, shell, words }) {
  const element = /** @type {any} */ (model.content.firstElementChild?.cloneNode(true));
  const link = element.querySelector("a");
  link.textContent = session.title;
  link.href = `#/marcar/${session.id}`;
  element.querySelector("[data-when]").textContent = dayAndTime(Date.parse(session.starts));
  element.querySelector("[data-place]").textContent = session.place ?? "";
  const state = session.state === "cancelled" ? "off" : session.closed ? "closed" : phone.hasRoster(session.id) && shell.isComplete ? "ready" : "list";
  element.dataset.state = state;
  element.querySelector("[data-state-text]").textContent = words.say(`session_${state}`);
  return element;
}
