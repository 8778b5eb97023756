/** What the server last said of this phone: who it is, its sessions, their lists. Kept, so that it opens without signal. */

import { ask } from "./api.js";
import { Clock } from "./clock.js";

const KEY = "estado";
const OVER_SINCE = "vencidas";
const ROSTER_FORMAT = 1;
const AFTERWARDS_MS = 12 * 3_600_000;
/** A clock that nobody confirms may be wrong: so long it has to go on by itself before a list is believed to be over. */
const BELIEVED_AFTER_MS = 30 * 86_400_000;
/** Why the server gives a list no more. */
const OVER = new Set(["roster_over", "revoked"]);

/** @typedef {"" | "unprepared" | "revoked"} Account what stands between this phone and the server */

export class Phone {
  /** @type {any} */
  said = null;
  /** What people call it, often after somebody: told by the server, shown, and never kept here. */
  name = "";
  /** @type {Account} */
  account = "";
  /** @type {Map<string, string>} session to the version of the list that lies here */
  rosters = new Map();
  clock = new Clock();
  /** Whoever knows it says here that the program itself is kept. */
  isProgramKept = false;
  #reported = "";
  /** @type {Promise<void> | null} */
  #refreshing = null;

  /**
   * @param {import("./store.js").Store} store
   * @param {{app: string, onChange: () => void, onRoster: (session: string) => void, onClosing: () => void, onPrepared: () => void}} told
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

  /** @returns {any[]} those the server named last, soonest first */
  get sessions() {
    return [...(this.said?.sessions ?? [])].sort((a, b) => (a.starts < b.starts ? -1 : 1));
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
    const { trouble, status, body } = await ask("estado");
    if (trouble === "unprepared" || status === 204) await this.unprepared();
    if (trouble || !Array.isArray(body?.sessions)) return;
    // A browser may have emptied its storage: numbers that begin anew would look like marks that never came.
    await this.store.numberFrom(body.device?.last_seq ?? 0);
    await this.heard(body, asked_at, body);
    for (const session of this.sessions) await this.#fetchRoster(session);
    await this.#tidy();
    this.told.onChange();
    await this.report();
    if (this.sessions.some(({ closing }) => closing)) this.told.onClosing();
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
    if (isTrustedAgain) this.told.onPrepared();
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
    if (reply.trouble || reply.status === 304 || reply.body?.v !== ROSTER_FORMAT) return;
    const roster = { ...reply.body, session: session.id, training: session.training, etag: reply.etag };
    await this.store.putRoster(roster);
    this.rosters.set(session.id, roster.version);
    this.told.onRoster(session.id);
  }

  /** Lists whose time is over, and marks that the server has of sessions that are over, leave this phone. */
  async #tidy() {
    await this.#dropOver();
    for (const session of this.sessions) {
      if (Date.parse(session.ends) + AFTERWARDS_MS < this.now) await this.#forgetMarks(session.id);
    }
    const named = new Set([...this.sessions, ...(this.said.activities ?? [])].map(({ id }) => id));
    for (const id of this.rosters.keys()) if (!named.has(id)) await this.#drop(id);
    const sent = (await this.store.everything()).filter((one) => isSent(one) && !named.has(one.scope));
    await this.store.forget(sent.map(({ id }) => id));
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

  /** @param {string} session */
  async #forgetMarks(session) {
    const kept = await this.store.of(session);
    if (kept.every(isSent)) await this.store.forget(kept.map(({ id }) => id));
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

  /**
   * @param {string} code of the QR that a coordinator shows
   * @returns {Promise<{trouble: import("./api.js").Trouble, minutes: number}>}
   */
  async enrol(code) {
    const { trouble, body, minutes } = await ask("alta", { json: { code } });
    if (trouble) return { trouble, minutes };
    // The queue stays: it belongs to this phone, whoever prepared it.
    await this.heard(body, Date.now(), this.said ?? { device: body.device, sessions: [] });
    return { trouble, minutes };
  }
}

/** The server has it and understands it. @param {import("./store.js").Kept} kept */
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
