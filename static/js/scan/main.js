/** The attendance page with script: the camera, marks without a reload, and nothing lost while there is no signal. */

import { Answer } from "./answer.js";
import { Lens } from "./lens.js";
import { Marks } from "./marks.js";
import { Recent } from "./recent.js";
import { Roster } from "./roster.js";
import { Sender } from "./sender.js";
import { Sound } from "./sound.js";
import { openStore } from "./store.js";
import { readShortCode, readToken } from "./ticket.js";
import { APP, unsentIn } from "./unsent.js";

const page = /** @type {HTMLElement} */ (document.querySelector("[data-attendance]"));
const words = wordsOf(part("template[data-words]"));
const marksUrl = new URL(page.dataset.marks ?? "", location.href).pathname;
const roster = new Roster(page);
const sound = new Sound();
/** @type {Marks | null} a closed session takes no marks, but may still have some to send */
let marks = null;
let isRefreshing = false;
let wantsRefresh = false;

const sender = new Sender(await openStore().catch(() => null), answered, reported);
if (page.dataset.closed !== "yes") {
  marks = new Marks({
    sender,
    roster,
    sound,
    words,
    refresh,
    url: marksUrl,
    answer: new Answer(part("[data-answer]"), part("template[data-answers]")),
    recent: new Recent(part("[data-recent]"), part("template[data-recent-line]")),
    undoLast: part("form[data-undo-last]"),
  });
  listenToMarks(marks);
}
listenToSignal();
await marks?.showWaiting();
sender.flush();

/** @param {Marks} marks */
function listenToMarks(marks) {
  document.addEventListener("submit", (event) => submitted(event, marks));
  const scanned = (/** @type {string} */ text) => {
    const code = readToken(text);
    if (code) marks.add({ kind: "in", code, how: "camera" });
    else marks.decline("not_ticket");
  };
  if (page.querySelector("[data-answer] [data-state=ready]")) marks.invite(words.ready);
  new Lens(part("[data-lens]"), words, scanned, () => sound.unlock());
  const mute = part("[data-mute]");
  mute.addEventListener("click", () => {
    sound.isMuted = !sound.isMuted;
    mute.setAttribute("aria-pressed", String(sound.isMuted));
  });
}

function listenToSignal() {
  const sendNow = part("[data-send-now]");
  sendNow.addEventListener("click", () => {
    sender.forgive();
    sender.flush();
  });
  addEventListener("online", () => sender.flush());
  addEventListener("pageshow", (event) => event.persisted && sender.flush());
  addEventListener("beforeunload", (event) => sender.hasLoose && event.preventDefault());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    sender.flush();
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
  if (code) {
    marks.add({ kind: "in", code, how: "typed" });
    field.value = "";
  } else {
    marks.decline("not_ticket", words.mistyped);
    field.select();
  }
  field.focus({ preventScroll: true });
}

/**
 * @param {import("./store.js").ScanEvent} event
 * @param {import("./sender.js").Result} result
 * @param {import("./sender.js").Totals} totals
 */
function answered(event, result, totals) {
  // Marks of another session, kept on this device, go out from here too; they are nothing to show here.
  if (event.url !== marksUrl) return;
  // A list that is on its way may not know of this yet.
  wantsRefresh ||= isRefreshing;
  if (marks) marks.answered(event, result);
  else refresh();
  roster.total(totals.n_present, totals.n_expected);
}

let n_reported = 0;

/**
 * @param {number} n
 * @param {import("./sender.js").Trouble} trouble
 */
async function reported(n, trouble) {
  const line = part("[data-sync]");
  const turn = (n_reported += 1);
  const n_app = n ? 0 : (await unsentIn(APP)).length;
  // What was reported meanwhile is newer.
  if (turn !== n_reported) return;
  const rest = n_app ? `${words.unsent_app} ${n_app}` : words.all_sent;
  line.textContent = n ? `${words[trouble || "sending"]} ${words.unsent} ${n}` : rest;
  part("[data-send-now]").hidden = !n;
  part("[data-sign-in]").hidden = trouble !== "signed_out";
  if (trouble) marks?.failed(trouble);
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
        if (response.ok && !wantsRefresh) roster.replace(list);
      })
      .catch(() => undefined);
  }
  isRefreshing = false;
  await marks?.showWaiting();
}

/** @param {HTMLTemplateElement} template */
function wordsOf(template) {
  const lines = /** @type {NodeListOf<HTMLElement>} */ (template.content.querySelectorAll("[data-word]"));
  return Object.fromEntries(Array.from(lines, (line) => [line.dataset.word ?? "", line.textContent ?? ""]));
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
