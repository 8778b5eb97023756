/** What every screen has at hand: words, store, sender, the server's word about this phone, sound. */

import { Sender } from "../marks/sender.js";
import { Sound } from "../marks/sound.js";
import { openStore } from "../marks/store.js";
import { factsOf, pageName } from "../marks/uuid7.js";
import { Book } from "./book.js";
import { Marks } from "./marks.js";
import { Phone } from "./phone.js";
import { Sheets } from "./sheets.js";

/** @typedef {{words: import("../marks/words.js").Words, shell: import("./shell.js").Shell, version: string}} Program what the page brings */

/**
 * Says "change" whenever something that a screen shows may be different: the queue, the lists, the program itself.
 * Screens draw anew from what they find here.
 */
export class App extends EventTarget {
  sound = new Sound();
  /** Which opening of the page this is: with `perf` it tells the order of marks where the clock lies. */
  page = pageName();
  /** The program in another window took over: nothing can be kept here any more. */
  isClosed = false;
  /** The browser deleted what this phone kept: nothing can be kept here either, and only this page remembers its marks. */
  isDeleted = false;
  /** @type {(() => Promise<void>) | null} saves a sealed copy of all marks as a file, where that is possible */
  backup = null;
  /** @type {Map<string, Promise<{book: Book, marks: Marks}>>} */
  #sessions = new Map();
  #isTelling = false;
  #others = "BroadcastChannel" in globalThis ? new BroadcastChannel("marcar") : null;

  /**
   * Fails where the browser keeps nothing.
   * @param {Program} program
   * @returns {Promise<App>}
   */
  static async open(program) {
    const store = await openStore({ onClosed: () => app.#lost("isClosed"), onDeleted: () => app.#lost("isDeleted") });
    const app = new App(store, program);
    const [isMuted] = await Promise.all([store.get("muted"), app.phone.load(), app.sheets.load(), app.sender.count()]);
    app.sound.isMuted = Boolean(isMuted);
    return app;
  }

  /**
   * @param {import("../marks/store.js").Store} store
   * @param {Program} program
   */
  constructor(store, { words, shell, version }) {
    super();
    this.store = store;
    this.words = words;
    this.shell = shell;
    this.version = version;
    this.sheets = new Sheets(store);
    const changed = () => this.changed();
    this.phone = new Phone(store, {
      app: this.version,
      onChange: () => this.#heardOfPhone(),
      onRoster: (id) => this.#reread(id),
      onClosing: () => this.sender.flush({ evenNothing: true }),
      onToSend: () => this.sender.flush({ forced: true }),
    });
    this.sender = new Sender(store, {
      app: this.version,
      page: this.page,
      onChange: changed,
      onReply: (body, asked_at, events) => this.#heardReply(body, asked_at, events),
      onUnprepared: () => this.phone.unprepared(),
    });
    this.shell.addEventListener("change", () => this.#heardOfShell());
    this.#others?.addEventListener("message", ({ data }) => this.#reread(data));
  }

  /**
   * @param {any} body
   * @param {number} asked_at
   * @param {import("../marks/store.js").ScanEvent[]} events the marks that it answers
   */
  async #heardReply(body, asked_at, events) {
    await this.#hearInitials(body.results, events);
    await this.phone.heard(body, asked_at);
    await this.phone.answered(body, events);
    // It may have taken effect with this, and then it is not taken back here any more.
    if (events.some(({ kind }) => kind === "close")) this.phone.refreshAnew();
  }

  /**
   * Of whom the rows are that were marked: shown while the page is open, and not kept.
   * @param {Array<{id: string, initials?: string}>} results
   * @param {import("../marks/store.js").ScanEvent[]} events
   */
  async #hearInitials(results, events) {
    const told = new Map(results.map(({ id, initials = "" }) => [id, initials]));
    for (const { id, session = "" } of events.filter((one) => told.get(one.id))) {
      const opened = await this.#sessions.get(session);
      opened?.book.initials.set(id, told.get(id) ?? "");
    }
    this.changed();
  }

  #heardOfPhone() {
    const { version = this.version } = this.phone.said?.app ?? {};
    if (version !== this.version) this.shell.look(version);
    for (const opened of this.#sessions.values()) opened.then(({ book }) => this.#describe(book), () => undefined);
    this.changed();
  }

  /** It may have been moved since its list was read. @param {Book} book */
  #describe(book) {
    book.session = this.phone.session(book.session.id) ?? book.session;
  }

  #heardOfShell() {
    this.phone.isProgramKept = this.shell.isComplete;
    this.phone.report();
    this.changed();
  }

  /** @param {"isClosed" | "isDeleted"} how */
  #lost(how) {
    this[how] = true;
    this.changed();
  }

  /** What to do about a mark that could not be kept. @param {Error} error */
  whyNotKept({ name }) {
    if (this.isDeleted) return this.words.say("kept_deleted");
    return this.words.say(name === "QuotaExceededError" ? "phone_full" : "not_kept");
  }

  /** Several changes of one moment are drawn once. */
  changed() {
    if (this.#isTelling) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      this.dispatchEvent(new Event("change"));
    });
  }

  /**
   * A session's list and marks, and the hand that marks. One of each while the page is open.
   * @param {string} id
   */
  session(id) {
    let found = this.#sessions.get(id);
    if (!found) {
      const reading = new Book(this.phone.session(id)).read(this.store);
      found = reading.then((book) => ({ book, marks: new Marks(this, book) }));
      this.#sessions.set(id, found);
      // What could not be read now may be later.
      reading.catch(() => this.#sessions.delete(id));
    }
    return found;
  }

  /**
   * The frozen facts of every mark. See ScanEvent for the fields.
   * @param {Partial<import("../marks/store.js").ScanEvent> & {kind: string, how: string}} mark
   * @returns {import("../marks/store.js").Draft}
   */
  draft(mark) {
    return { known: true, roster: "", ...mark, ...factsOf(this.page), app: this.version };
  }

  /**
   * Keep a mark: when this resolves it is on the disk. Sending goes on by itself.
   * @param {import("../marks/store.js").Draft} draft
   */
  async keep(draft) {
    return (await this.keepAll([draft]))[0];
  }

  /**
   * Many marks of one session, all or none.
   * @param {import("../marks/store.js").Draft[]} drafts
   */
  async keepAll(drafts) {
    const events = await this.store.keepAll(drafts);
    this.#others?.postMessage(events[0]?.session);
    this.sender.added(events.length);
    return events;
  }

  /** A newer list came, or another window kept a mark: what was read before is old. @param {string} id */
  async #reread(id) {
    const { book } = (await this.#sessions.get(id)) ?? {};
    await book?.read(this.store, this.phone.session(id) ?? book.session);
    await this.sender.count();
  }
}
