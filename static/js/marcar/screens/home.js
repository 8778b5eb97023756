/** Home: the sessions of this phone, whether each can be marked without signal, and what this phone still lacks. */

import { drawMore } from "../home-parts.js";
import { dayAndTime } from "../words.js";

/** @typedef {import("../app.js").App} App */

/** @type {import("../router.js").Screen} */
export const home = {
  name: "inicio",
  open(place, app) {
    const part = (/** @type {string} */ selector) => /** @type {any} */ (place.querySelector(selector));
    part("[data-update] button").addEventListener("click", () => app.shell.update());
    part("[data-backup]").addEventListener("click", () => app.backup?.());
    part("[data-install]").addEventListener("click", () => app.shell.install());
    const draw = () => {
      part("[data-unprepared]").hidden = app.phone.isPrepared;
      part("[data-prepared]").hidden = !app.phone.isPrepared;
      part("[data-update]").hidden = !app.shell.hasUpdate;
      drawReady(part("[data-ready]"), app);
      drawSessions(part("[data-sessions]"), part("template"), app);
      // Of a phone that was taken out of use the line on top says what is to be done.
      part("[data-none]").hidden = app.phone.sessions.length > 0 || app.phone.account === "revoked";
      part("[data-phone]").textContent = app.phone.name;
      part("[data-backup]").hidden = !app.backup;
      part("[data-install]").hidden = !app.shell.canInstall;
      drawMore(place, app);
      drawPersisted(part("[data-persisted]"), app);
    };
    app.addEventListener("change", draw);
    draw();
    return () => app.removeEventListener("change", draw);
  },
};

/**
 * What is missing before this phone may go where there is no signal; in words, with the share that came.
 * @param {any} element
 * @param {App} app
 */
function drawReady(element, app) {
  const { shell, phone, words } = app;
  const n_missing = phone.sessions.filter((session) => lacksList(session, app)).length;
  const isReady = phone.isPrepared && shell.isComplete && !n_missing;
  // A phone that was taken out of use has nothing to be ready with.
  element.hidden = !shell.isKnown || phone.account === "revoked";
  element.dataset.state = isReady ? "ready" : "missing";
  element.querySelector("[data-yes]").hidden = !isReady;
  element.querySelector("[data-no]").hidden = isReady;
  const lacks = [];
  if (!shell.isSupported) lacks.push(words.say("lacks_worker"));
  else if (!shell.isComplete) {
    lacks.push(shell.total ? words.say("lacks_share", { share: `${Math.floor((shell.done / shell.total) * 100)}\u00a0%` }) : words.say("lacks_program"));
  }
  if (n_missing) lacks.push(words.many("lacks_list", n_missing));
  put(element.querySelector("[data-lacks]"), lacks.join(" "));
  const bar = element.querySelector("progress");
  bar.hidden = !shell.isSupported || shell.isComplete || !shell.total;
  bar.value = shell.total ? shell.done / shell.total : 0;
}

/**
 * What comes first, what is over last.
 * @param {any} list
 * @param {HTMLTemplateElement} model
 * @param {App} app
 */
function drawSessions(list, model, app) {
  const focused = /** @type {any} */ (document.activeElement)?.closest?.("[data-sessions] li")?.dataset.session;
  const [over, coming] = [true, false].map((wanted) => app.phone.sessions.filter((one) => isOver(one, app) === wanted));
  list.replaceChildren(...[...coming, ...over.reverse()].map((session) => row(model, session, app)));
  if (focused) list.querySelector(`[data-session="${focused}"] a`)?.focus({ preventScroll: true });
}

/**
 * @param {HTMLTemplateElement} model
 * @param {any} session
 * @param {App} app
 */
function row(model, session, app) {
  const element = /** @type {any} */ (model.content.firstElementChild?.cloneNode(true));
  const link = element.querySelector("a");
  const state = stateOf(session, app);
  link.textContent = session.title;
  link.href = `#/marcar/${session.id}`;
  element.dataset.session = session.id;
  element.dataset.state = state;
  element.querySelector("[data-when]").textContent = dayAndTime(Date.parse(session.starts));
  element.querySelector("[data-place]").textContent = session.place ?? "";
  element.querySelector("[data-state-text]").textContent = app.words.say(`session_${state}`);
  return element;
}

/**
 * @param {any} session
 * @param {App} app
 */
function stateOf(session, app) {
  if (session.state === "cancelled") return "off";
  if (session.closed) return "closed";
  if (lacksList(session, app)) return "list";
  if (isOver(session, app)) return "over";
  return app.shell.isComplete ? "ready" : "program";
}

/**
 * @param {any} session
 * @param {App} app
 */
function lacksList(session, { phone }) {
  return !phone.hasRoster(session.id) && !phone.isListOver(session);
}

/**
 * @param {any} session
 * @param {App} app
 */
function isOver(session, { phone }) {
  return Date.parse(session.ends) < phone.now;
}

/**
 * May the browser throw away what this phone keeps when it gets full?
 * @param {HTMLElement} element
 * @param {App} app
 */
async function drawPersisted(element, { words }) {
  const isKept = (await navigator.storage?.persisted?.().catch(() => false)) ?? false;
  put(element, words.say(isKept ? "persisted" : "not_persisted"));
}

/**
 * Live regions speak when their text changes: say nothing twice.
 * @param {HTMLElement} element
 * @param {string} text
 */
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
