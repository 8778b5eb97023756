/** Counting heads at an outreach activity: one touch a person, by sex and age as they are seen. */

const CELLS = "[data-cell]";
const DAY = new Intl.DateTimeFormat("en-CA", { timeZone: "America/Guatemala" });

/** @type {import("../router.js").Screen} */
export const count = {
  name: "conteo",
  async open(place, app, [id = ""]) {
    const activity = (app.phone.said?.activities ?? []).find((/** @type {any} */ one) => one.id === id);
    if (!activity) return void (location.hash = "#/");
    const kept = (await app.store.of(id)) ?? [];
    return new Counter(place, app, activity, kept.map(({ event }) => event)).listen();
  },
};

class Counter {
  /** Somebody says that it is the day, whatever our clock shows. */
  isToday = false;

  /**
   * @param {HTMLElement} place
   * @param {import("../app.js").App} app
   * @param {any} activity
   * @param {import("../../marks/store.js").ScanEvent[]} events what this phone counted there
   */
  constructor(place, app, activity, events) {
    this.place = place;
    this.app = app;
    this.activity = activity;
    this.events = events.sort((a, b) => a.seq - b.seq);
  }

  /** @returns {() => void} ends it */
  listen() {
    this.part("[data-title]").textContent = this.activity.title;
    this.part("[data-place]").textContent = this.activity.place;
    for (const button of this.place.querySelectorAll(CELLS)) {
      button.addEventListener("click", () => this.touch(/** @type {HTMLElement} */ (button).dataset.cell ?? ""));
    }
    this.part("[data-undo]").addEventListener("click", () => this.undo());
    this.part("[data-backup]").addEventListener("click", () => this.app.backup?.());
    this.part("[data-anyway]").addEventListener("click", () => {
      this.isToday = true;
      this.draw();
    });
    this.draw();
    return () => undefined;
  }

  /** Heads are counted from the day of the activity on, as on the panel's page. */
  get isEarly() {
    const { clock } = this.app.phone;
    return !this.isToday && !clock.isLost && DAY.format(clock.now) < DAY.format(Date.parse(this.activity.starts));
  }

  /** The touches that stand. */
  get touches() {
    const undone = new Set(this.events.filter(({ kind }) => kind === "undo").map(({ target }) => target));
    return this.events.filter(({ id, kind }) => kind === "count" && !undone.has(id));
  }

  /** @param {string} cell */
  touch(cell) {
    const [sex, age_band] = cell.split(":");
    navigator.vibrate?.(20);
    return this.keep({ kind: "count", how: "button", sex, age_band, number: 1 });
  }

  undo() {
    const last = this.touches.pop();
    if (!last) return undefined;
    return this.keep({ kind: "undo", how: "button", target: last.id });
  }

  /** @param {Partial<import("../../marks/store.js").ScanEvent> & {kind: string, how: string}} mark */
  async keep(mark) {
    const trouble = this.part("[data-trouble]");
    try {
      this.events.push(await this.app.keep(this.app.draft({ ...mark, activity: this.activity.id })));
      trouble.hidden = true;
    } catch {
      trouble.hidden = false;
      this.app.sound.play("not_saved");
    }
    this.draw();
  }

  draw() {
    const { touches } = this;
    this.part("[data-early]").hidden = !this.isEarly;
    for (const button of this.place.querySelectorAll(CELLS)) {
      const { cell } = /** @type {HTMLElement} */ (button).dataset;
      const n = touches.filter(({ sex, age_band }) => `${sex}:${age_band}` === cell).length;
      /** @type {HTMLElement} */ (button.querySelector("b")).textContent = String(n);
      /** @type {HTMLButtonElement} */ (button).disabled = this.isEarly;
    }
    this.part("[data-total]").textContent = String(touches.length);
    this.part("[data-total-text]").textContent = this.app.words.many("counted", touches.length);
    this.part("[data-undo]").disabled = !touches.length;
  }

  /** @param {string} selector @returns {any} */
  part(selector) {
    return this.place.querySelector(selector);
  }
}
