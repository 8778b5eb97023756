/**
 * "Practicar": a session with three sample cards, made in the page and gone with it. Every screen works as it does at a
 * door, but nothing is written down and nothing is sent.
 */

import { Book } from "./book.js";
import { Clock } from "./clock.js";
import { hashOf, shortOf, toBase64Url } from "./keys.js";
import { Marks } from "./marks.js";
import { Sheets } from "./sheets.js";

export const PRACTICE = "practica";

const SHEET = "PRACT";
const N_NAMED = 12;
const N_BLANK = 3;
const HOUR_MS = 3_600_000;
const CURVE = { name: "ECDH", namedCurve: "P-256" };

export class Practice extends EventTarget {
  /** @type {import("../marks/store.js").ScanEvent[]} gone with the page */
  #events = [];
  /** @type {Promise<import("./screen.js").Opened> | null} */
  #opened = null;

  /** @param {import("./app.js").App} app */
  constructor(app) {
    super();
    this.app = app;
    this.words = app.words;
    this.sound = app.sound;
    this.version = app.version;
    this.page = app.page;
    this.backup = null;
    this.sender = { n_waiting: 0, n_unread: 0, ofPanel: [], count: async () => undefined, flush: async () => undefined };
    this.store = { get: async () => undefined, put: async () => undefined };
    this.sheets = new Sheets(/** @type {any} */ (this.store));
    const now = Date.now();
    const title = app.words.say("practice_title");
    const times = { starts: new Date(now - HOUR_MS / 2).toISOString(), ends: new Date(now + HOUR_MS).toISOString() };
    const ages = { admits_minors: true, minimum_age: 12, walk_ins: true, hub_phone: app.phone.sessions[0]?.hub_phone ?? "" };
    this.meeting = { id: PRACTICE, training: PRACTICE, title, place: "", state: "planned", closed: false, isPractice: true, ...times, ...ages };
    const session = (/** @type {string} */ id) => (id === PRACTICE ? this.meeting : null);
    this.phone = { offset: 0, clock: new Clock(), said: app.phone.said, sessions: [this.meeting], session, isListOver: () => false, refresh: async () => undefined };
  }

  session() {
    this.#opened ??= this.#open();
    return this.#opened;
  }

  /** @returns {Promise<import("./screen.js").Opened>} */
  async #open() {
    this.phone.said = { ...this.app.phone.said, key: await ownKey() };
    const cards = [...document.querySelectorAll("template[data-screen]")].flatMap((screen) => [.../** @type {any} */ (screen).content.querySelectorAll("[data-token]")]);
    const { file, names } = await rosterOf(cards.map(({ dataset }) => dataset));
    const book = await new Book(this.meeting).read(/** @type {any} */ ({ roster: async () => file, of: async () => [] }));
    book.roster.name = async ({ h }) => names.get(h) ?? "";
    return { book, marks: new Marks(/** @type {any} */ (this), book) };
  }

  /** @param {any} mark */
  draft(mark) {
    return this.app.draft(mark);
  }

  /** @param {any} draft */
  async keep(draft) {
    return this.#number(draft);
  }

  /** @param {any[]} drafts */
  async keepAll(drafts) {
    return drafts.map((draft) => this.#number(draft));
  }

  /** @param {any} draft */
  #number(draft) {
    const event = Object.freeze({ ...draft, seq: this.#events.length + 1 });
    this.#events.push(event);
    return event;
  }
}

/**
 * The list of the sample session: the sample cards, and a sheet with rows for whoever practises with the number pad.
 * @param {Array<{token: string, short: string, flag: string, name: string}>} cards
 */
async function rosterOf(cards) {
  const names = new Map();
  const people = [];
  const spares = [];
  for (const { token, short, flag, name } of cards) {
    const [h, s] = [await hashOf(token), await shortOf(short, PRACTICE)];
    names.set(h, name);
    if (flag === "s") spares.push([h, s]);
    else people.push([h, "sealed", s, flag]);
  }
  const row = (/** @type {number} */ n) => `${n}`.padStart(24, "0");
  for (let n = 1; n <= N_NAMED; n += 1) people.push([row(n), "", "", "c"]);
  for (let n = N_NAMED + 1; n <= N_NAMED + N_BLANK; n += 1) spares.push([row(n), ""]);
  const rows = Array.from({ length: N_NAMED + N_BLANK }, (_, n) => [n + 1, row(n + 1)]);
  return { file: { version: PRACTICE, people, spares, sheets: [{ code: SHEET, named: N_NAMED, rows }] }, names };
}

/** To seal practice slips to nobody: the private half is thrown away. */
async function ownKey() {
  const { publicKey } = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]));
  return { id: "practica", raw: toBase64Url(new Uint8Array(await crypto.subtle.exportKey("raw", publicKey))) };
}

/** @type {Practice | null} */
let practice = null;

/** Begin anew: what was practised before is forgotten. */
export function practiseAnew() {
  practice = null;
}

/**
 * The same screen for the real thing and for practice, where a banner says which it is.
 * @param {import("./router.js").Screen} screen
 * @returns {import("./router.js").Screen}
 */
export function practisable(screen) {
  return {
    name: screen.name,
    open(place, app, params) {
      // A session of the hub's practice is sent like any: its marks count at no real one.
      const isOfHub = params[0] !== PRACTICE && app.phone.session(params[0])?.practice;
      if (isOfHub) place.prepend(/** @type {HTMLTemplateElement} */ (document.querySelector("template[data-practising]")).content.cloneNode(true));
      if (params[0] !== PRACTICE) return screen.open(place, app, params);
      const banner = /** @type {HTMLTemplateElement} */ (document.querySelector("template[data-practice]"));
      place.prepend(banner.content.cloneNode(true));
      practice ??= new Practice(app);
      return screen.open(place, /** @type {any} */ (practice), params);
    },
  };
}
