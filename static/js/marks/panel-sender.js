/**
 * Brings the marks of the panel's pages to the server, by the word of who is signed in: a phone that needs no preparing.
 * One that could not be kept is sent all the same; until then it lives as long as the page.
 */

import { Sender } from "./sender.js";

/** @typedef {import("./store.js").Kept} Kept */
/** @typedef {import("./store.js").ScanEvent} ScanEvent */

/**
 * @typedef {object} Result what the server says about one mark, to whoever may see who that is
 * @property {string} id
 * @property {"stored" | "already" | "flagged" | "conflict" | "malformed"} state
 * @property {"present" | "already" | "left" | "undone" | "review" | "card" | "unknown_code" | string} outcome
 * @property {string} [name] short form
 * @property {string} [arrived] time in words
 * @property {string} [text] the second line of the answer
 * @property {string | null} [registration] the row it belongs to
 * @property {string | null} [link] where a nameless card gets its name
 * @property {string | null} [event] the check-in that counts, which Undo takes back
 */

/** Where the browser has none (some private windows): what is marked lives as long as the page. */
export const NO_STORE = {
  keepOfPanel: () => Promise.reject(new Error("no store")),
  forget: async () => undefined,
  retryUnread: async () => undefined,
  ofPanel: async () => [],
  waiting: async () => [],
  countWaiting: async () => 0,
  countUnread: async () => 0,
};

export class PanelSender extends Sender {
  lock = "panel-send";
  /** @type {Map<string, ScanEvent>} made or shown on this page and not answered yet, also where another window has sent them already */
  #own = new Map();
  /** @type {Set<string>} those of them that are not on the disk */
  #loose = new Set();
  /** @type {Set<string>} what the server has, also where the store could not let go of it */
  #answered = new Set();

  /**
   * Keep a mark on this device, before anything is sent.
   * @param {import("./store.js").Draft} draft
   * @returns {Promise<boolean>} false where the device could not keep it
   */
  async keep(draft) {
    const event = await this.store.keepOfPanel(draft).catch(() => null);
    this.#own.set(draft.id, event ?? { ...draft, seq: 0 });
    if (!event) this.#loose.add(draft.id);
    return event !== null;
  }

  /**
   * What an earlier visit kept and this page shows: it must hear the answer too, also where another window has sent it.
   * @param {ScanEvent} event
   */
  adopt(event) {
    this.#own.set(event.id, event);
  }

  /** The browser deleted what was kept: this page alone remembers its marks. */
  lose() {
    for (const id of this.#own.keys()) this.#loose.add(id);
  }

  /** @param {string} id */
  isLoose(id) {
    return this.#loose.has(id);
  }

  /** Would closing this page lose something? */
  get hasLoose() {
    return this.#loose.size > 0;
  }

  /** @returns {Promise<ScanEvent[]>} oldest first */
  async unsent() {
    const kept = await this.store.ofPanel().catch(() => []);
    const all = new Map([...this.#own, ...kept.map(({ id, event }) => /** @type {const} */ ([id, event]))]);
    return [...all.values()].filter(({ id }) => !this.#answered.has(id)).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** @returns {Promise<[number, number]>} */
  async counted() {
    return [(await this.unsent()).length, 0];
  }

  /** @param {Parameters<Sender["flush"]>[0]} [how] */
  async flush(how) {
    await super.flush(how);
    this.told.onTried();
  }

  /** One session or activity after another: each has its address. */
  async waiting() {
    const waiting = (await this.unsent()).filter((event) => !this.aside.has(event.id) && !this.down.has(addressOf(event)));
    return waiting.filter((event) => addressOf(event) === addressOf(waiting[0])).map((event) => ({ id: event.id, event }));
  }

  /** @param {Kept[]} batch */
  addressOf([{ event }]) {
    return addressOf(event);
  }

  async more() {
    return {};
  }

  /** Whoever is signed in may not mark there: it holds up no other session. @param {Kept[]} batch */
  refused(batch) {
    for (const { id } of batch) this.aside.add(id);
    return "";
  }

  async retryUnread() {}

  /** @param {Result[]} results */
  async receive(results) {
    const ids = results.filter(({ state }) => state !== "malformed").map(({ id }) => id);
    for (const { id } of results) if (!ids.includes(id)) this.aside.add(id);
    for (const id of ids) {
      this.#answered.add(id);
      this.#own.delete(id);
      this.#loose.delete(id);
    }
    // What stays there is sent again by another opening of the page, and counts once.
    await this.store.forget(ids).catch(() => undefined);
  }
}

/** @param {Partial<ScanEvent>} event */
function addressOf({ session, activity }) {
  return activity ? `/panel/actividades/${activity}/toques` : `/panel/sesiones/${session}/asistencia/marcas`;
}
