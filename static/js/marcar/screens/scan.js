/** Marking arrivals at one session: camera, typed code, the answer in its place, the count, the last marks. */

import { Answer } from "../../marks/answer.js";
import { Lens } from "../../marks/lens.js";
import { dayAndTime } from "../../marks/words.js";
import { Departures } from "../departures.js";
import { countIn, hintAtDoor } from "../door.js";
import { RecentHere } from "../recent.js";
import { isSaving } from "../saving.js";
import { typeInto } from "../scanner-keys.js";
import { leadOn, offerSlip } from "../screen.js";
import { holdMarking } from "../shell.js";

/** @typedef {import("../marks.js").Said} Said */

/** @type {import("../router.js").Screen} */
export const scan = {
  name: "marcar",
  async open(place, app, [id = "", mode = ""]) {
    const session = app.phone.session(id);
    if (!session) return void (location.hash = "#/");
    return new Scanning(place, app, await app.session(id), mode === "salidas").listen();
  },
};

/** What was typed is to be put right, or tried again. */
const NOT_KEPT = new Set(["not_ticket", "not_saved"]);

class Scanning {
  /**
   * @param {HTMLElement} place
   * @param {import("../app.js").App} app
   * @param {{book: import("../book.js").Book, marks: import("../marks.js").Marks}} session
   * @param {boolean} isLeaving who comes before the camera goes
   */
  constructor(place, app, { book, marks }, isLeaving) {
    this.app = app;
    this.book = book;
    this.marks = isLeaving ? new Departures(app, book) : marks;
    this.place = place;
    this.answer = new Answer(this.part("[data-answer]"), this.part("template[data-answers]"));
    this.recent = new RecentHere(this.part("[data-recent]"), app, book, (event) => this.undo(event));
    this.field = this.part("[name=code]");
    this.undoLast = this.part("[data-undo]");
    /** The mark whose answer is on the screen. */
    this.shown = "";
  }

  /** @returns {() => void} ends it */
  listen() {
    const { app, book } = this;
    this.part("h1").textContent = book.session.title;
    this.part("[data-when]").textContent = dayAndTime(Date.parse(book.session.starts));
    leadOn(this.place, book.session.id);
    this.part("[data-leaving]").hidden = !(this.marks instanceof Departures);
    const lens = new Lens(this.part("[data-lens]"), app.words.lines, (text) => this.tell(this.marks.scanned(text)), () => app.sound.unlock());
    this.part("form").addEventListener("submit", (/** @type {Event} */ event) => this.typed(event));
    this.undoLast.addEventListener("click", () => this.undo(this.shown));
    this.#listenToMute();
    const leaveKeys = typeInto(this.field);
    const draw = () => this.draw();
    app.addEventListener("change", draw);
    const held = holdMarking();
    this.part("[data-backup]").addEventListener("click", () => app.backup?.());
    this.part("[data-send]").addEventListener("click", () => app.sender.flush({ forced: true }));
    this.answer.show("ready", { text: app.words.say(isSaving() ? "ready_saving" : "ready") });
    this.draw();
    return () => {
      held.then((free) => free());
      lens.rest("");
      leaveKeys();
      app.removeEventListener("change", draw);
    };
  }

  #listenToMute() {
    const mute = this.part("[data-mute]");
    const { sound, store } = this.app;
    mute.addEventListener("click", () => {
      sound.isMuted = !sound.isMuted;
      mute.setAttribute("aria-pressed", String(sound.isMuted));
      store.put("muted", sound.isMuted).catch(() => undefined);
    });
    mute.setAttribute("aria-pressed", String(sound.isMuted));
  }

  /** @param {Event} event */
  typed(event) {
    event.preventDefault();
    this.app.sound.unlock();
    const { field } = this;
    const text = field.value;
    // Empty at once: a scanner with a cable types the next card while this one is still being kept.
    field.value = "";
    this.tell(this.marks.typed(text)).then(({ state }) => {
      if (!field.value && NOT_KEPT.has(state)) {
        field.value = text;
        field.select();
      }
      field.focus({ preventScroll: true });
    });
  }

  /** @param {string} target */
  undo(target) {
    if (target) this.tell(this.marks.undo(target), target);
  }

  /**
   * @param {Promise<Said>} answering
   * @param {string} [undone]
   */
  async tell(answering, undone = "") {
    const said = await answering;
    this.answer.show(said.state, { name: said.name, text: said.text });
    this.app.sound.play(said.state);
    // What was counted before stays counted: taking back the repeat would change nothing.
    this.shown = said.event && !["undone", "already"].includes(said.state) ? said.event.id : "";
    this.undoLast.hidden = !this.shown;
    const isLost = said.state === "not_saved";
    this.part("[data-backup]").hidden = !isLost || !this.app.backup;
    this.part("[data-send]").hidden = !isLost || !this.app.backup;
    offerSlip(this.place, this.book.session.id, said);
    this.recent.tell(said, undone);
    this.draw();
    return said;
  }

  draw() {
    this.recent.draw();
    countIn(this.place, this.app.words, this.book);
    hintAtDoor(this.place, this.app, this.book.session.id, "marcar");
  }

  /** @param {string} selector @returns {any} */
  part(selector) {
    return this.place.querySelector(selector);
  }
}
