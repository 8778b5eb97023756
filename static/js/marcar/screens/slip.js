/** The slip of who came without a registration: the notice is read aloud once, what is typed is sealed at once. */

import { theTime, timeOfDay } from "../../marks/words.js";
import { ofSession, SessionScreen } from "../screen.js";
import { seal } from "../seal.js";
import { rowInWords } from "../sheets.js";
import { SlipForm } from "../slip-form.js";

/** How pages name the languages that the server names by ISO 639-3. */
const TAGS = /** @type {Record<string, string>} */ ({ spa: "es", eng: "en" });

/** The municipality of the slip before, while the page is open: neighbours come together. */
let nearby = "";
/** Was a slip saved just now, which this one follows? */
let isNext = false;

export const slip = ofSession("ficha", (place, app, opened, [h = ""]) => new Slip(place, app, opened, h).listen());

class Slip extends SessionScreen {
  /**
   * @param {HTMLElement} place
   * @param {import("../app.js").App} app
   * @param {import("../screen.js").Opened} opened
   * @param {string} h the card that the slip is for; without it, there is a choice
   */
  constructor(place, app, opened, h) {
    super(place, app, opened);
    this.h = h;
    this.form = new SlipForm(this.part("[data-form]"), app.words);
    this.language = this.part("[name=idioma]");
    this.isDone = false;
    this.isBusy = false;
  }

  /** @returns {() => void} ends it */
  listen() {
    const said = this.app.phone.said ?? {};
    this.part("[data-no-walk-ins]").hidden = this.book.session.walk_ins;
    if (!this.h) this.put("h1", this.app.words.say("slips_title"));
    else this.#follow();
    // Whoever has no permission is counted there in place of the card.
    this.part("[data-minor] [data-to]").href += `/${this.h}`;
    this.form.offer(this.book.session, said.municipalities ?? []);
    this.form.form.elements.municipality.value = nearby;
    this.#offerLanguages();
    this.part("[data-read]").addEventListener("click", () => this.noteReading());
    this.part("[data-form]").addEventListener("submit", (/** @type {Event} */ event) => this.save(event));
    const end = this.follow(() => this.draw());
    return () => {
      this.form.forget();
      end();
    };
  }

  /** Whose slip this is, and that the one before it is saved. */
  #follow() {
    const { words } = this.app;
    const event = this.book.nameless.find((one) => one.event.h === this.h)?.event;
    const card = event ? this.#cardInWords(event) : words.say("slip_card");
    if (event?.row) this.put("h1", words.say("slip_of", { card }));
    if (isNext) this.put("[data-said]", words.say("slip_next", { card }));
    this.part("[name=given_names]").toggleAttribute("data-first", isNext);
    isNext = false;
  }

  get texts() {
    return this.app.phone.said?.consent?.texts ?? {};
  }

  #offerLanguages() {
    const names = new Intl.DisplayNames([document.documentElement.lang], { type: "language" });
    const codes = Object.keys(this.texts);
    this.language.replaceChildren(...codes.map((code) => new Option(names.of(code), code)));
    this.language.value = codes.find((code) => TAGS[code] === document.documentElement.lang.slice(0, 2)) ?? codes[0] ?? "";
    this.part("[data-languages]").hidden = codes.length < 2;
    this.language.addEventListener("change", () => this.draw());
  }

  /** The reading aloud that stands; null where there was none. */
  get reading() {
    const readings = this.book.events.filter(({ id, kind }) => kind === "consent" && !this.book.isUndone(id));
    return readings[0] ?? null;
  }

  async noteReading() {
    const kept = await this.marks.keep({ kind: "consent", how: "button" });
    if (kept.error) return this.#complain(kept.text);
    this.#complain("");
    this.draw();
    this.form.form.elements.given_names.focus();
  }

  /** @param {Event} event */
  async save(event) {
    event.preventDefault();
    if (this.isBusy) return;
    const wrong = this.form.wrong();
    this.#refuse(wrong?.why ?? "");
    if (wrong) return wrong.field.focus();
    const { key, consent } = this.app.phone.said ?? {};
    if (!key || !this.reading) return this.#refuse(this.app.words.say("slip_no_key"));
    // Sealing takes a moment, in which a second touch would make a second slip.
    this.isBusy = true;
    await this.#seal(key, consent?.version ?? "").finally(() => (this.isBusy = false));
  }

  /**
   * @param {{id: string, raw: string}} key
   * @param {string} version of the text that was read aloud
   */
  async #seal(key, version) {
    const told = { read_at: this.reading?.at ?? 0, language: this.language.value, version };
    const text = JSON.stringify(this.form.json(told));
    const draft = this.marks.draft({ kind: "slip", how: "button", h: this.h, known: true });
    try {
      const sealed = await seal(text, `slip|${draft.id}`, key);
      this.book.add(await this.app.keep({ ...draft, sealed }));
    } catch (error) {
      return this.#notSaved(/** @type {Error} */ (error));
    }
    nearby = this.form.form.elements.municipality.value;
    this.form.forget();
    this.app.sound.play("present");
    const next = this.book.slipAfter(this.h);
    isNext = next !== null;
    if (next) return void (location.hash = `#/ficha/${this.book.session.id}/${next.h}`);
    this.isDone = true;
    this.draw();
    this.part("[data-next]").focus();
  }

  /** What was typed stays on the screen: it can be copied onto paper. @param {Error} error */
  #notSaved(error) {
    this.app.sound.play("not_saved");
    this.#refuse(this.app.words.say("slip_not_saved", { why: this.app.whyNotKept(error) }));
    this.part("[data-backup]").hidden = !this.app.backup;
  }

  /** @param {string} why */
  #refuse(why) {
    this.put("[data-wrong]", why);
    this.part("[data-wrong]").hidden = !why;
  }

  /** @param {string} why */
  #complain(why) {
    this.put("[data-said]", why ? this.app.words.say("slip_not_saved", { why }) : "");
  }

  draw() {
    const { reading } = this;
    const isFilling = Boolean(this.h) && !this.isDone;
    this.part("[data-choose]").hidden = Boolean(this.h);
    this.part("[data-consent]").hidden = !isFilling || Boolean(reading);
    this.part("[data-form]").hidden = !isFilling || !reading;
    this.part("[data-done]").hidden = !this.isDone;
    for (const text of this.parts("[data-text]")) {
      // A phone that practises before it was prepared was told no text yet.
      text.textContent = this.texts[this.language.value] ?? this.app.words.say("slip_aloud");
      text.lang = TAGS[this.language.value] ?? this.language.value;
    }
    if (reading) this.put("[data-read-at]", this.app.words.say("slip_read_at", { the_time: theTime(reading.at + this.app.phone.offset) }));
    if (!this.h) this.#drawCards();
  }

  /** @param {import("../../marks/store.js").ScanEvent} event */
  #cardInWords({ h, row, sheet }) {
    const place = row ? { row, sheet } : this.book.roster.placeOf(h);
    return place ? rowInWords(this.app.words, this.book, place.row, place.sheet) : this.app.words.say("slip_card");
  }

  /** Cards without a name that came to this phone, those that lack their slip first. */
  #drawCards() {
    const cards = this.book.nameless.sort((a, b) => Number(a.isDone) - Number(b.isDone));
    this.part("[data-none]").hidden = cards.length > 0;
    const list = this.part("[data-cards]");
    const lines = cards.map(({ event, isDone }) => this.#card(event, isDone));
    // Equal lines stay: a press is lost where its line is replaced between finger down and up.
    if (lines.length === list.children.length && lines.every((line, n) => line.isEqualNode(list.children[n]))) return;
    list.replaceChildren(...lines);
  }

  /**
   * @param {import("../../marks/store.js").ScanEvent} event
   * @param {boolean} isDone
   */
  #card(event, isDone) {
    const { words } = this.app;
    const line = /** @type {any} */ (this.part("[data-choose] template").content.firstElementChild.cloneNode(true));
    line.querySelector("a").href = `#/ficha/${this.book.session.id}/${event.h}`;
    line.querySelector("[data-at]").textContent = timeOfDay(event.at + this.app.phone.offset);
    line.querySelector("[data-which]").textContent = this.#cardInWords(event);
    line.querySelector("[data-state-text]").textContent = words.say(isDone ? "slip_done" : "slip_pending");
    return line;
  }
}
