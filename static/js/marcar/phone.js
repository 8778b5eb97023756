/** What the server last said of this phone: who it is, its sessions, their lists. Kept, so that it opens without signal. */

import { ask } from "../marks/api.js";
import { uuid7 } from "../marks/uuid7.js";
import { Clock } from "./clock.js";

const KEY = "estado";
const OVER_SINCE = "vencidas";
const OWN_KEY = "llave";
const ROSTER_FORMAT = 1;
/** Of an activity nobody has a list: what was counted stays as long as what was marked at a session. */
const AFTERWARDS_MS = 7 * 86_400_000;
/** A clock that nobody confirms may be wrong: so long it has to go on by itself before a list is believed to be over. */
const BELIEVED_AFTER_MS = 30 * 86_400_000;
/** What is lacking is asked for again: soon at first, then each minute. */
const FIRST_WAIT_MS = 3_000;
const LONGEST_WAIT_MS = 60_000;
/** Why the server gives a list no more. */
const OVER = new Set(["roster_over", "revoked"]);

/** @typedef {import("../marks/store.js").Kept} Kept */
/** @typedef {import("../marks/store.js").ScanEvent} ScanEvent */
/** @typedef {import("../marks/api.js").Trouble} Trouble */
/** @typedef {[number, number | null]} Run the first and the last of numbers without a gap; null where they have no end */
/** @typedef {"" | "unprepared" | "revoked"} Account what stands between this phone and the server */

export class Phone {
  /** @type {any} */
  said = null;
  /** What people call it, often after somebody: told by the server, shown, and never kept here. */
  name = "";
  /** @type {Account} */
  account = "";
  /** How it ended that this page asked last how things stand. @type {Trouble | "asking"} */
  asked = "asking";
  /** @type {Map<string, string>} session to the version of the list that lies here */
  rosters = new Map();
  clock = new Clock();
  /** Whoever knows it says here that the program itself is kept. */
  isProgramKept = false;
  #reported = "";
  /** @type {Set<string>} what was sent again while this page is open: once is enough */
  #sentAgain = new Set();
  /** @type {Promise<void> | null} */
  #refreshing = null;
  #n_tries = 0;
  #timer = 0;

  /**
   * @param {import("../marks/store.js").Store} store
   * @param {{app: string, onChange: () => void, onRoster: (session: string) => void, onClosing: () => void, onToSend: () => void}} told
   */
  constructor(store, told) {
    this.store = store;
    this.told = told;
  }

  async load() {
    const { store } = this;
    const [said, account, rosters] = await Promise.all([store.get(KEY), store.get("account"), store.rosters()]);
    this.said = said ?? null;
    this.clock.restore(this.said);
    this.account = account ?? "";
    for (const roster of rosters) this.rosters.set(roster.session, roster.version);
    // A phone that never comes back to a signal lets go of its lists, too.
    await this.#dropLongOver();
  }

  get isPrepared() {
    return this.said !== null;
  }

  /** Did nobody answer yet whether it is prepared? Then it may be, on a line that is slow. */
  get isUnknown() {
    return !this.said && this.asked !== "unprepared" && this.asked !== "";
  }

  /**
   * Does it know from the server which lists it needs? Not between being prepared and being told; nor where the server is
   * there and gives no answer. Without any signal the last answer holds.
   */
  get isTold() {
    const isAnswer = this.asked === "asking" || this.asked === "offline" || this.asked === "";
    return this.isPrepared && !this.said.isPending && !this.account && isAnswer;
  }

  /** The sessions of which the server has a list that is not here, or of which an earlier one is here. */
  get lacking() {
    return this.sessions.filter((session) => session.version && !this.isListOver(session) && this.rosters.get(session.id) !== session.version);
  }

  /** @returns {any[]} those the server named last, soonest first */
  get sessions() {
    const order = (/** @type {any} */ { practice, starts }) => `${practice ? 1 : 0}${starts}`;
    return [...(this.said?.sessions ?? [])].sort((a, b) => (order(a) < order(b) ? -1 : 1));
  }

  /** @param {string} id @returns {any} */
  session(id) {
    return this.sessions.find((session) => session.id === id) ?? null;
  }

  /** The server's clock minus ours, in milliseconds, as last measured. */
  get offset() {
    return this.clock.offset;
  }

  get now() {
    return this.clock.now;
  }

  /** @param {string} id */
  hasRoster(id) {
    return this.rosters.has(id);
  }

  /** No list of this session is given any more: it is long over. @param {{roster_until: string}} session */
  isListOver({ roster_until }) {
    return Date.parse(roster_until) < this.now;
  }

  /** Ask how things stand and fetch the lists that changed. Calls while one is under way are one. */
  refresh() {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  /** As `refresh`, and never content with an answer that was asked for before: something changed by now. */
  async refreshAnew() {
    await this.#refreshing;
    await this.refresh();
  }

  async #refresh() {
    const asked_at = Date.now();
    const sent = (await this.store.everything()).filter(isSent);
    const { trouble, status, body } = await ask("estado");
    const isNobody = trouble === "unprepared" || status === 204;
    this.asked = isNobody ? "unprepared" : trouble || (Array.isArray(body?.sessions) ? "" : "down");
    if (isNobody) await this.unprepared();
    if (this.asked) return this.#notTold();
    // A browser may have emptied its storage: numbers that begin anew would look like marks that never came.
    await this.store.numberFrom(body.device?.last_seq ?? 0);
    await this.#forgetPractised(body.sessions);
    await this.heard(body, asked_at, { ...body, until: this.#untils(body) });
    await this.#sendAgain(sent, body.device?.lacks);
    for (const session of this.sessions) await this.#fetchRoster(session);
    await this.#tidy();
    this.told.onChange();
    await this.report();
    if (this.sessions.some(({ closing }) => closing)) this.told.onClosing();
    this.#askAgainLater();
  }

  #notTold() {
    this.told.onChange();
    this.#askAgainLater();
  }

  /** Until all is here that a phone needs without signal. Nobody has to prepare it again for that. */
  #askAgainLater() {
    clearTimeout(this.#timer);
    const isDone = this.isTold && !this.lacking.length;
    if (isDone || this.account || this.asked === "unprepared") return void (this.#n_tries = 0);
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#n_tries);
    this.#n_tries += 1;
    this.#timer = setTimeout(() => this.refresh(), wait);
  }

  /** It was prepared just now, by a button of the panel: which lists it needs is still to be told. */
  async expectLists() {
    if (!this.said) return;
    this.said = { ...this.said, isPending: true };
    await this.store.put(KEY, this.said);
  }

  /**
   * Until when the marks of each session and activity stay here once the server has them: a backup that is put in place
   * of a broken server may be older than they are. Also of those which it does not name any more.
   * @param {any} body
   */
  #untils({ sessions, activities = [] }) {
    const former = Object.entries(this.said?.until ?? {}).filter(([, until]) => until > this.now);
    const listed = sessions.map((/** @type {any} */ { id, roster_until }) => [id, Date.parse(roster_until)]);
    const counted = activities.map((/** @type {any} */ { id, ends }) => [id, Date.parse(ends) + AFTERWARDS_MS]);
    return Object.fromEntries([...former, ...listed, ...counted]);
  }

  /**
   * The server answered marks, and says which it has not got. What was made later may have reached it since.
   * @param {any} body
   * @param {ScanEvent[]} events those that it answers
   */
  async answered({ device = {} }, events) {
    // Its lists go with the next answer to how things stand: one that is under way may be older than this.
    if (device.revoked) this.refreshAnew();
    const newest = Math.max(0, ...events.map(({ seq }) => seq));
    if (!device.lacks?.some((/** @type {Run} */ [first]) => first < newest)) return;
    await this.#sendAgain((await this.store.everything()).filter((one) => isSent(one) && one.event.seq < newest), device.lacks);
  }

  /**
   * Marks that the server acknowledged and does not know: it was restored from a backup. Each has its id, and counts once.
   * @param {Kept[]} sent what it had acknowledged when it was asked
   * @param {Run[]} [lacks] the numbers of our marks that it had not got then
   */
  async #sendAgain(sent, lacks = []) {
    const isLacking = (/** @type {number} */ seq) => lacks.some(([first, last]) => first <= seq && seq <= (last ?? Infinity));
    const lost = sent.filter(({ id, event }) => isLacking(event.seq) && !this.#sentAgain.has(id)).map(({ id }) => id);
    if (!lost.length) return;
    for (const id of lost) this.#sentAgain.add(id);
    await this.store.sendAgain(lost);
    this.told.onToSend();
  }

  /** The server does not know this phone (any more). What is kept here stays. */
  async unprepared() {
    if (this.said) await this.#setAccount("unprepared");
  }

  /**
   * Every answer of the server tells its time, and whether it still trusts this phone.
   * @param {any} body
   * @param {number} asked_at
   * @param {object} [said] a whole description of this phone
   */
  async heard(body, asked_at, said = this.said) {
    if (body.now !== undefined) this.clock.hear(clockOf(body.now), asked_at);
    this.name = body.device?.name ?? this.name;
    const { id } = body.device ?? {};
    // Known as this one since a program that did not note where it began: what was made then began earlier.
    if (id && id !== this.said?.device?.id) await this.store.beginAs(id);
    this.said = said && { ...said, device: nameless(said.device), offset: this.clock.offset, seen: this.clock.now };
    if (this.said) await this.store.put(KEY, this.said);
    await this.#setAccount(body.device?.revoked ? "revoked" : "");
  }

  /** @param {Account} account */
  async #setAccount(account) {
    const isTrustedAgain = this.account !== "" && account === "";
    this.account = account;
    await this.store.put("account", account);
    this.told.onChange();
    if (isTrustedAgain) this.told.onToSend();
  }

  /** @param {any} session */
  async #fetchRoster(session) {
    if (this.isListOver(session)) return;
    const version = this.rosters.get(session.id);
    // Without a version the server gives no list of it any more.
    if (!session.version) return this.#drop(session.id);
    if (this.account || version === session.version) return;
    const etag = version === undefined ? undefined : (await this.store.roster(session.id))?.etag;
    const reply = await ask(`sesiones/${session.id}/lista`, { etag });
    if (reply.trouble === "refused" && OVER.has(reply.body?.code)) await this.#drop(session.id);
    if (reply.status === 304) return this.#hasNewest(session, version);
    if (reply.trouble || reply.body?.v !== ROSTER_FORMAT) return;
    const roster = { ...reply.body, session: session.id, training: session.training, etag: reply.etag };
    await this.store.putRoster(roster);
    this.rosters.set(session.id, roster.version);
    await this.#hasNewest(session, roster.version);
    this.told.onRoster(session.id);
  }

  /**
   * Somebody may have signed up since the server said which version there is.
   * @param {any} session as it was told
   * @param {string | undefined} version that is here
   */
  async #hasNewest(session, version) {
    session.version = version;
    await this.store.put(KEY, this.said);
  }

  /** A practice that was emptied is gone here too, sent or not: the server takes nothing of it any more. @param {any[]} sessions */
  async #forgetPractised(sessions) {
    const named = new Set(sessions.map(({ id }) => id));
    const gone = new Set(this.sessions.filter(({ id, practice }) => practice && !named.has(id)).map(({ id }) => id));
    if (!gone.size) return;
    const marks = (await this.store.everything()).filter(({ scope }) => gone.has(scope));
    await this.store.forget(marks.map(({ id }) => id));
    for (const id of gone) this.told.onRoster(id);
  }

  /** Lists whose time is over, and with them the marks that the server has, leave this phone. */
  async #tidy() {
    await this.#dropOver();
    const named = new Set(this.sessions.map(({ id }) => id));
    for (const id of this.rosters.keys()) if (!named.has(id)) await this.#drop(id);
    const isOver = (/** @type {Kept} */ { scope }) => (this.said.until[scope] ?? 0) < this.now;
    const over = (await this.store.everything()).filter((one) => isSent(one) && isOver(one));
    await this.store.forget(over.map(({ id }) => id));
  }

  /** As the server says: its time was told just now. */
  async #dropOver() {
    for (const session of this.sessions) if (this.#isOver(session)) await this.#drop(session.id);
    await this.store.put(OVER_SINCE, {}).catch(() => undefined);
  }

  /** As our own clock says, which may be wrong: a list that is gone cannot be had again without signal. */
  async #dropLongOver() {
    const noted = (await this.store.get(OVER_SINCE)) ?? {};
    const over = this.sessions.filter((session) => this.rosters.has(session.id) && this.#isOver(session));
    const since = Object.fromEntries(over.map(({ id }) => [id, noted[id] ?? this.now]));
    await this.store.put(OVER_SINCE, since).catch(() => undefined);
    for (const { id } of over) if (this.account === "revoked" || since[id] + BELIEVED_AFTER_MS < this.now) await this.#drop(id);
  }

  /** @param {{roster_until: string}} session */
  #isOver(session) {
    return this.account === "revoked" || this.isListOver(session);
  }

  /** @param {string} id */
  async #drop(id) {
    if (!this.rosters.delete(id)) return;
    await this.store.dropRoster(id);
    this.told.onRoster(id);
  }

  /** Tell the server, once for each state of things, that program and lists are here. */
  async report() {
    const json = { version: this.told.app, sessions: Object.fromEntries(this.rosters) };
    const text = JSON.stringify(json);
    if (!this.isProgramKept || !this.said || text === this.#reported) return;
    // Said once, also where it changes again before the answer is here.
    this.#reported = text;
    if ((await ask("listo", { json })).trouble && this.#reported === text) this.#reported = "";
  }

  /** By which the server knows that the same phone asks again with a code whose answer was lost on the way. */
  async #ownKey() {
    const key = (await this.store.get(OWN_KEY)) ?? uuid7();
    await this.store.put(OWN_KEY, key);
    return key;
  }

  /**
   * @param {string} code of the QR that a coordinator shows
   * @returns {Promise<{trouble: import("../marks/api.js").Trouble, minutes: number}>}
   */
  async enrol(code) {
    const json = { code, key: await this.#ownKey() };
    let reply = await ask("alta", { json });
    // The answer may have been lost on a poor line: asked again the server knows the same phone, and what it asks for.
    if (!reply.minutes && (reply.trouble === "offline" || reply.trouble === "down")) reply = await ask("alta", { json });
    const { trouble, body, minutes } = reply;
    if (trouble) return { trouble, minutes };
    // The queue stays: it belongs to this phone, whoever prepared it. Which lists it needs it is told next.
    await this.heard(body, Date.now(), { sessions: [], ...this.said, device: body.device, isPending: true });
    return { trouble, minutes };
  }
}

/** The server has it and understands it. @param {Kept} kept */
function isSent({ waiting, unread }) {
  return !waiting && !unread;
}

/** @param {{name?: string}} [device] */
function nameless({ name: _name, ...device } = {}) {
  return device;
}

/** @param {string | number} now ISO or milliseconds */
function clockOf(now) {
  return typeof now === "number" ? now : Date.parse(now);
}
