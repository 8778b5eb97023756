/**
 * Brings the marks of this phone to the server, until each is acknowledged by its id. Nothing else removes one. What the
 * panel's pages send otherwise is in `panel-sender.js`.
 */

import { ask } from "./api.js";

/** @typedef {import("./api.js").Trouble} Trouble */
/** @typedef {import("./store.js").Kept} Kept */

const BATCH = 50;
const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 30_000;
/** A window that sleeps may hold the lock: what counts twice here counts once there. */
const LOCK_WAIT_MS = 30_000;

export class Sender {
  /** @type {Set<string>} the server could not read them on this visit; kept, but not in the way of the others */
  aside = new Set();
  /** @type {Set<string>} addresses at which the server broke in this run: those of the others may answer */
  down = new Set();
  /** Windows that send the same marks take turns under this name, and wait for no others. */
  lock = "marcar-send";
  /** @type {Promise<void> | null} */
  #running = null;
  #again = false;
  #evenNothing = false;
  #evenUnread = false;
  #n_failures = 0;
  #n_added = 0;
  /** @type {Promise<void>} */
  #counting = Promise.resolve();
  #timer = 0;
  /** @type {Trouble} how the last attempt ended */
  trouble = "";
  /** Not acknowledged yet. */
  n_waiting = 0;
  /** What the server does not understand: some of it may be among those that wait. */
  n_unread = 0;
  /** What waits in this browser, and only the panel's page can send. @type {Kept[]} */
  ofPanel = [];

  /**
   * @param {import("./store.js").Store} store
   * @param {{app?: string, page: string, onChange: () => void, onReply: (body: any, asked_at: number, events: import("./store.js").ScanEvent[]) => void, onUnprepared: () => void}} told
   */
  constructor(store, told) {
    this.store = store;
    this.told = told;
  }

  /** So many were kept just now: whoever sees green also sees that they wait. @param {number} n */
  added(n) {
    this.#n_added += n;
    this.n_waiting += n;
    this.told.onChange();
    this.flush();
  }

  /** Count anew, without sending. */
  count() {
    this.#counting = this.#counting.catch(() => undefined).then(() => this.#countAnew());
    return this.#counting;
  }

  /** One after another, and again where a mark came meanwhile: an older look must not say that all is sent. */
  async #countAnew() {
    let counted, n_added;
    do {
      n_added = this.#n_added;
      counted = await this.counted();
    } while (n_added !== this.#n_added);
    const [n_all, n_unread, ofPanel] = counted;
    this.ofPanel = ofPanel;
    this.n_waiting = Math.max(0, n_all - this.aside.size);
    this.n_unread = n_unread + n_all - this.n_waiting;
    this.told.onChange();
  }

  /** How many wait, how many the server does not understand, and what waits for the panel. @returns {Promise<[number, number, Kept[]]>} */
  counted() {
    return Promise.all([this.store.countWaiting(), this.store.countUnread(), this.store.ofPanel()]);
  }

  /**
   * Send everything that waits. Calls while one is under way are gathered into one more run.
   * @param {{forced?: boolean, evenNothing?: boolean}} [how] forced: somebody asked, or things are different now, so try
   * those again that the server could not read; evenNothing: it waits to hear that nothing is kept back here
   */
  flush({ forced = false, evenNothing = false } = {}) {
    clearTimeout(this.#timer);
    this.#evenNothing ||= evenNothing;
    this.#evenUnread ||= forced;
    this.#again = true;
    this.#running ??= this.#loop().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #loop() {
    while (this.#again) {
      this.#again = false;
      // Two windows of this program send once: the second finds the queue empty.
      await locked(this.lock, () => this.#run()).catch(() => this.#failed("down"));
      await this.count().catch(() => undefined);
      if (this.trouble && this.n_waiting) this.#retryLater();
    }
  }

  async #run() {
    if (this.#evenUnread) await this.#takeUpUnread();
    this.down.clear();
    /** @type {Trouble} */
    let trouble = "";
    for (let batch = await this.#next(); batch.length && (!trouble || trouble === "down"); batch = await this.#next()) {
      const ended = await this.#send(batch);
      if (ended === "down") this.down.add(this.addressOf(batch));
      trouble = ended || trouble;
      await this.count();
    }
    if (this.#evenNothing && !trouble) trouble = await this.#send([]);
    this.#evenNothing = false;
    this.#failed(trouble);
    if (trouble === "unprepared") this.told.onUnprepared();
  }

  async #next() {
    // What the server could not read lies before the others: look behind it.
    const waiting = await this.waiting(BATCH + this.aside.size);
    return waiting.filter((kept) => !this.aside.has(kept.id) && !this.down.has(this.addressOf([kept]))).slice(0, BATCH);
  }

  /** @param {number} most @returns {Promise<Kept[]>} oldest first */
  waiting(most) {
    return this.store.waiting(most);
  }

  /** Each has its id: nothing counts twice that comes again. */
  async #takeUpUnread() {
    await this.retryUnread();
    this.aside.clear();
    this.#evenUnread = false;
  }

  /** @param {Trouble} trouble */
  #failed(trouble) {
    this.trouble = trouble;
    this.#n_failures = trouble ? this.#n_failures + 1 : 0;
  }

  /**
   * @param {Kept[]} batch
   * @returns {Promise<Trouble>}
   */
  async #send(batch) {
    const asked_at = Date.now();
    const more = await this.more(batch);
    const events = batch.map(({ event }) => event);
    // Where the clock was set right since, the page's counter tells when its marks were made.
    const counter = { page: this.told.page, perf: Math.round(performance.now()) };
    const { trouble, body } = await ask(this.addressOf(batch), { json: { client_now: asked_at, ...counter, ...more, events } });
    if (trouble === "unreadable") return this.#halve(batch);
    if (trouble) return trouble === "refused" ? this.refused(batch) : trouble;
    if (!Array.isArray(body?.results)) return "offline";
    const own = new Set(batch.map(({ id }) => id));
    const results = body.results.filter((/** @type {{id: string}} */ { id }) => own.has(id));
    await this.receive(results);
    for (const { id } of results) own.delete(id);
    for (const id of own) this.aside.add(id);
    this.told.onReply(body, asked_at, events);
    return "";
  }

  /**
   * One bad mark must not keep the others here: halve until it is alone.
   * @param {Kept[]} batch
   * @returns {Promise<Trouble>}
   */
  async #halve(batch) {
    if (batch.length < 2) {
      for (const { id } of batch) this.aside.add(id);
      return "";
    }
    const middle = Math.ceil(batch.length / 2);
    return (await this.#send(batch.slice(0, middle))) || this.#send(batch.slice(middle));
  }

  /** @param {Kept[]} _batch of one address */
  addressOf(_batch) {
    return "marcas";
  }

  /** What this phone says of itself. @param {Kept[]} batch @returns {Promise<object>} */
  async more(batch) {
    const { store } = this;
    // What it does not understand the server has not got either.
    const n_unsent = (await store.countWaiting()) - batch.length + (await store.countUnread());
    // A number that never comes is missed there from the first one on.
    return { app: this.told.app, n_unsent, last_seq: (await store.get("seq")) ?? 0, first: await store.get("first") };
  }

  /** The phone's address never refuses: somebody between us and the server answers for it. @param {Kept[]} _batch @returns {Trouble} */
  refused(_batch) {
    return "down";
  }

  retryUnread() {
    return this.store.retryUnread();
  }

  /** @param {any[]} results of ours */
  receive(results) {
    return this.store.receive(results);
  }

  #retryLater() {
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.max(0, this.#n_failures - 1));
    clearTimeout(this.#timer);
    // Not all phones of a hall at the same moment when the signal comes back.
    this.#timer = setTimeout(() => this.flush(), wait * (0.75 + Math.random() / 4));
  }
}

/**
 * @param {string} name
 * @param {() => Promise<void>} act
 */
async function locked(name, act) {
  // Without locks two windows may send the same: the server counts each id once.
  if (!navigator.locks) return act();
  const control = new AbortController();
  const timer = setTimeout(() => control.abort(), LOCK_WAIT_MS);
  let isOurs = false;
  const turn = navigator.locks.request(name, { signal: control.signal }, () => {
    clearTimeout(timer);
    isOurs = true;
    return act();
  });
  await turn.catch((error) => {
    if (isOurs) throw error;
    return act();
  });
}
