/** Home: the sessions of this phone, whether each can be marked without signal, and what this phone still lacks. */

import { dayAndTime, put } from "../../marks/words.js";
import { isSaving } from "../saving.js";

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
      const isUnprepared = !app.phone.isPrepared && !app.phone.isUnknown;
      part("[data-unprepared]").hidden = !isUnprepared;
      part("[data-prepared]").hidden = isUnprepared;
      part("[data-update]").hidden = !app.shell.hasUpdate;
      drawReady(part("[data-ready]"), app);
      drawSessions(part("[data-sessions]"), part("template"), app);
      // Of a phone that was taken out of use the line on top says what is to be done.
      part("[data-none]").hidden = app.phone.sessions.length > 0 || !app.phone.isTold;
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
  const { shell, phone } = app;
  const isReady = shell.isComplete && isReadyWithLists(phone);
  // What is to be done with a phone that the server does not know, or took out of use, the line on top says.
  element.hidden = Boolean(phone.account) || (phone.isPrepared && !shell.isKnown);
  element.dataset.state = isReady ? "ready" : "missing";
  element.querySelector("[data-yes]").hidden = !isReady;
  element.querySelector("[data-no]").hidden = isReady;
  put(element.querySelector("[data-lacks]"), isReady ? "" : lacksInWords(app));
  const bar = element.querySelector("progress");
  bar.hidden = !shell.isSupported || isReady;
  bar.value = shareHere(app);
}

/** @param {import("../phone.js").Phone} phone */
function isReadyWithLists(phone) {
  return phone.isTold && !phone.lacking.length;
}

/**
 * What is still to come, each in a sentence.
 * @param {Pick<App, "shell" | "phone" | "words">} app
 */
export function lacksInWords({ shell, phone, words }) {
  const lacks = [];
  if (!shell.isSupported) lacks.push(words.say("lacks_worker"));
  else if (!shell.isComplete) {
    lacks.push(shell.total ? words.say("lacks_share", { share: `${Math.floor((shell.done / shell.total) * 100)}\u00a0%` }) : words.say("lacks_program"));
  }
  if (!phone.isTold) {
    const why = phone.asked === "asking" || phone.asked === "" ? "" : phone.asked === "offline" ? "_offline" : "_down";
    lacks.push(words.say(`lacks_word${why}`));
  }
  const { lacking } = phone;
  const n_none = lacking.filter(({ id }) => !phone.hasRoster(id)).length;
  if (n_none) lacks.push(words.many("lacks_list", n_none));
  if (lacking.length > n_none) lacks.push(words.many("lacks_newer", lacking.length - n_none));
  return lacks.join(" ");
}

/**
 * How much of program and lists is here, from 0 to 1.
 * @param {Pick<App, "shell" | "phone">} app
 */
export function shareHere({ shell, phone }) {
  const program = shell.isComplete ? 1 : shell.total ? shell.done / shell.total : 0;
  const n_lists = phone.sessions.filter(({ version }) => version).length;
  const lists = !phone.isTold ? 0 : n_lists ? 1 - phone.lacking.length / n_lists : 1;
  return (program + lists) / 2;
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
  const { phone, shell } = app;
  const isLacking = phone.lacking.some(({ id }) => id === session.id);
  if (isLacking && !phone.hasRoster(session.id)) return "list";
  if (isOver(session, app)) return "over";
  if (!shell.isComplete) return "program";
  if (isLacking) return "newer";
  return phone.isTold ? "ready" : "unsure";
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
 * What stands beside the sessions: where heads are counted, and the hint for telephones that install by hand.
 * @param {HTMLElement} place
 * @param {App} app
 */
function drawMore(place, app) {
  const part = (/** @type {string} */ selector) => /** @type {any} */ (place.querySelector(selector));
  const activities = app.phone.said?.activities ?? [];
  part("[data-counting]").hidden = !activities.length;
  part("[data-activities]").replaceChildren(...activities.map((/** @type {any} */ one) => activityRow(part("template[data-activity]"), one)));
  part("[data-save-power]").setAttribute("aria-pressed", String(isSaving()));
  // With the camera off, the number pad is where one marks.
  if (isSaving()) for (const link of place.querySelectorAll("[data-sessions] a")) link.setAttribute("href", String(link.getAttribute("href")).replace("#/marcar/", "#/filas/"));
  // No other browser knows this property: there the installed app and the browser keep their things apart.
  part("[data-iphone]").hidden = /** @type {any} */ (navigator).standalone !== false;
}

/**
 * @param {HTMLTemplateElement} model
 * @param {any} activity
 */
function activityRow(model, { id, title, starts, place }) {
  const element = /** @type {any} */ (model.content.firstElementChild?.cloneNode(true));
  const link = element.querySelector("a");
  link.textContent = title;
  link.href = `#/conteo/${id}`;
  element.querySelector("[data-when]").textContent = dayAndTime(Date.parse(starts));
  element.querySelector("[data-place]").textContent = place ?? "";
  return element;
}
