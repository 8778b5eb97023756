/** The attendance page with script: the camera, marks without a reload, and nothing lost while there is no signal. */

import { Answer, Recent } from "../marks/answer.js";
import { Lens } from "../marks/lens.js";
import { NO_STORE, PanelSender } from "../marks/panel-sender.js";
import { Sender } from "../marks/sender.js";
import { Sound } from "../marks/sound.js";
import { openStore } from "../marks/store.js";
import { pageName } from "../marks/uuid7.js";
import { put, Words } from "../marks/words.js";
import { Marks } from "./marks.js";
import { People } from "./people.js";

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
    recent: new Recent(part("[data-recent]")),
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
  if (page.querySelector("[data-answer] [data-state=ready]")) marks.invite(words.say("ready"));
  new Lens(part("[data-lens]"), words.lines, (text) => marks.scanned(text), () => sound.unlock());
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
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  if (mark === "code") {
    const code = field("code");
    if (marks.typed(code.value)) code.value = "";
    else code.select();
    code.focus({ preventScroll: true });
  }
  if (mark === "in" || mark === "out") marks.add({ kind: mark, registration: field("registration").value, how: "list" });
  if (mark === "undo") {
    const registration = form.closest("tr")?.dataset.registration ?? form.dataset.registration;
    marks.add({ kind: "undo", target: field("event").value, how: "list" }, registration);
  }
}

/** @param {{forced?: boolean}} [how] */
function flush(how) {
  sender.flush(how);
  ofApp.flush(how);
}

/**
 * @param {{results: import("../marks/panel-sender.js").Result[], n_present: number, n_expected: number}} body
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
  const n = sender.n_waiting + sender.n_unread;
  const n_app = ofApp.n_waiting + ofApp.n_unread;
  const why = sender.trouble || (sender.n_unread ? "refused" : "sending");
  const rest = n_app ? `${words.say("unsent_app")} ${n_app}` : words.say("all_sent");
  put(part("[data-sync]"), n ? `${words.say(why)} ${words.say("unsent")} ${n}` : rest);
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
