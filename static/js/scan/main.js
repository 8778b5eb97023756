/** The attendance page with script: the camera, marks without a reload, and nothing lost while there is no signal. */

import { Answer } from "../marks/answer.js";
import { Lens } from "../marks/lens.js";
import { Sender } from "../marks/sender.js";
import { Sound } from "../marks/sound.js";
import { openStore } from "../marks/store.js";
import { isSample, readShortCode, readToken } from "../marks/ticket.js";
import { pageName } from "../marks/uuid7.js";
import { Words } from "../marks/words.js";
import { Marks } from "./marks.js";
import { People } from "./people.js";
import { Recent } from "./recent.js";
import { NO_STORE, PanelSender } from "./sender.js";

const page = /** @type {HTMLElement} */ (document.querySelector("[data-attendance]"));
const words = new Words(document);
const session = page.dataset.session ?? "";
const people = new People(page);
const sound = new Sound();
/** @type {Marks | null} a closed session takes no marks, but may still have some to send */
let marks = null;
let isRefreshing = false;
let wantsRefresh = false;

const store = await openStore({ onClosed: () => undefined, onDeleted: () => sender.lose() }).catch(() => NO_STORE);
const told = { page: pageName(), onChange: drawQueue, onUnprepared: () => undefined };
const sender = new PanelSender(store, { ...told, onReply: heard, onTried: () => marks?.tried() });
/** What was marked in the scan app of this browser goes out from here too. */
const ofApp = new Sender(store, { ...told, app: "", onReply: () => undefined });
let isCounted = false;
if (page.dataset.closed !== "yes") {
  marks = new Marks({
    sender,
    people,
    sound,
    words,
    refresh,
    session,
    answer: new Answer(part("[data-answer]"), part("template[data-answers]")),
    recent: new Recent(part("[data-recent]"), part("template[data-recent-line]")),
    undoLast: part("form[data-undo-last]"),
  });
  listenToMarks(marks);
}
listenToSignal();
await marks?.showWaiting();
await Promise.allSettled([sender.count(), ofApp.count()]);
isCounted = true;
flush();

/** @param {Marks} marks */
function listenToMarks(marks) {
  document.addEventListener("submit", (event) => submitted(event, marks));
  const scanned = (/** @type {string} */ text) => {
    const code = readToken(text);
    if (!code) marks.decline("not_ticket");
    else if (isSample(code)) marks.decline("not_ticket", words.say("practice_card"));
    else marks.add({ kind: "in", code, how: "camera" });
  };
  if (page.querySelector("[data-answer] [data-state=ready]")) marks.invite(words.say("ready"));
  new Lens(part("[data-lens]"), words.lines, scanned, () => sound.unlock());
  const mute = part("[data-mute]");
  mute.addEventListener("click", () => {
    sound.isMuted = !sound.isMuted;
    mute.setAttribute("aria-pressed", String(sound.isMuted));
  });
}

function listenToSignal() {
  const sendNow = part("[data-send-now]");
  sendNow.addEventListener("click", () => flush({ forced: true }));
  addEventListener("online", () => flush());
  addEventListener("pageshow", (event) => event.persisted && flush());
  addEventListener("beforeunload", (event) => sender.hasLoose && event.preventDefault());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    flush();
    refresh();
  });
}

/**
 * @param {SubmitEvent} event
 * @param {Marks} marks
 */
function submitted(event, marks) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const { mark } = form.dataset;
  if (!mark) return;
  event.preventDefault();
  sound.unlock();
  const value = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value;
  if (mark === "code") typed(/** @type {HTMLInputElement} */ (form.elements.namedItem("code")), marks);
  if (mark === "in" || mark === "out") marks.add({ kind: mark, registration: value("registration"), how: "list" });
  if (mark === "undo") {
    const registration = form.closest("tr")?.dataset.registration ?? form.dataset.registration;
    marks.add({ kind: "undo", target: value("event"), how: "list" }, registration);
  }
}

/**
 * @param {HTMLInputElement} field
 * @param {Marks} marks
 */
function typed(field, marks) {
  const code = readShortCode(field.value) ?? readToken(field.value);
  if (code && !isSample(code)) {
    marks.add({ kind: "in", code, how: "typed" });
    field.value = "";
  } else {
    marks.decline("not_ticket", words.say(code ? "practice_card" : "mistyped"));
    field.select();
  }
  field.focus({ preventScroll: true });
}

/** @param {{forced?: boolean}} [how] */
function flush(how) {
  sender.flush(how);
  ofApp.flush(how);
}

/**
 * @param {{results: import("./sender.js").Result[], n_present: number, n_expected: number}} body
 * @param {number} _asked_at
 * @param {import("../marks/store.js").ScanEvent[]} events of one session
 */
function heard({ results, n_present, n_expected }, _asked_at, events) {
  // Marks of another session, kept on this device, go out from here too; they are nothing to show here.
  if (events[0].session !== session) return;
  // A list that is on its way may not know of this yet.
  wantsRefresh ||= isRefreshing;
  for (const event of events) {
    const result = results.find(({ id }) => id === event.id);
    if (result?.outcome) marks?.answered(event, result);
  }
  if (!marks) refresh();
  people.total(n_present, n_expected);
}

/** What of this browser is not with the server yet. */
function drawQueue() {
  if (!isCounted) return;
  const line = part("[data-sync]");
  const n = sender.n_waiting + sender.n_unread;
  const n_app = ofApp.n_waiting + ofApp.n_unread;
  const why = sender.trouble || (sender.n_unread ? "refused" : "sending");
  const rest = n_app ? `${words.say("unsent_app")} ${n_app}` : words.say("all_sent");
  const text = n ? `${words.say(why)} ${words.say("unsent")} ${n}` : rest;
  // Live regions speak when their text changes: say nothing twice.
  if (line.textContent !== text) line.textContent = text;
  part("[data-send-now]").hidden = !(n || n_app);
  part("[data-sign-in]").hidden = !n || sender.trouble !== "unprepared";
}

/** Take the list as the server has it now. Calls while one is under way are gathered into one more. */
async function refresh() {
  wantsRefresh = true;
  if (isRefreshing) return;
  isRefreshing = true;
  while (wantsRefresh) {
    wantsRefresh = false;
    await fetch(location.pathname + location.search, { headers: { Accept: "text/html" }, cache: "no-store", redirect: "error" })
      .then(async (response) => {
        const list = new DOMParser().parseFromString(await response.text(), "text/html");
        if (response.ok && !wantsRefresh) people.replace(list);
      })
      .catch(() => undefined);
  }
  isRefreshing = false;
  await marks?.showWaiting();
}

/**
 * @param {string} selector
 * @returns {any} the template of this page has them all; one that is missing must fail loudly
 */
function part(selector) {
  const element = page.querySelector(selector);
  if (!element) throw new Error(`the page lacks ${selector}`);
  return element;
}
