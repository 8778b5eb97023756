/** A time that is now, or some quarters of an hour ago: nobody at a door knows it better. */

import { longDate, timeOfDay } from "../marks/words.js";

const STEP_MS = 15 * 60_000;
const QUARTERS_BACK = 48;

export class TimeBack {
  #quarters = 0;

  /**
   * @param {import("./screen.js").SessionScreen} screen
   * @param {number} [first] no earlier time is meant; corrected, milliseconds
   */
  constructor(screen, first = -Infinity) {
    this.screen = screen;
    this.first = first;
  }

  /** @returns {() => void} ends it */
  listen() {
    this.screen.part("[data-earlier]").addEventListener("click", () => this.step(1));
    this.screen.part("[data-later]").addEventListener("click", () => this.step(-1));
    const clock = setInterval(() => this.draw(), STEP_MS / 60);
    return () => clearInterval(clock);
  }

  /** The moment that is meant, by this phone's clock. */
  get moment() {
    return Date.now() - this.#quarters * STEP_MS;
  }

  /** Did somebody go back from now? */
  get isBack() {
    return this.#quarters > 0;
  }

  /** How many quarters one may go back now. */
  get #most() {
    const since = Date.now() + this.screen.app.phone.offset - this.first;
    return Math.max(0, Math.min(QUARTERS_BACK, Math.floor(since / STEP_MS)));
  }

  /** @param {1 | -1} quarters */
  step(quarters) {
    this.#quarters = Math.min(this.#most, Math.max(0, this.#quarters + quarters));
    this.draw();
  }

  draw() {
    const { screen } = this;
    const { words, phone } = screen.app;
    // Whoever chooses it looks at a watch, while this clock may be wrong.
    const moment = this.moment + phone.offset;
    screen.put("[data-time]", timeOfDay(moment));
    const ago = this.#quarters ? words.say("ago", { time: inWords(this.#quarters) }) : words.say("just_now");
    // Past midnight the hour alone would be taken for one that is to come.
    const day = longDate(moment);
    screen.put("[data-ago]", day === longDate(Date.now() + phone.offset) ? ago : `${ago}, ${day}`);
    screen.part("[data-later]").disabled = this.#quarters === 0;
    screen.part("[data-earlier]").disabled = this.#quarters >= this.#most;
  }
}

/** "45 min", "1 h", "1 h 15 min". @param {number} quarters */
function inWords(quarters) {
  const [hours, minutes] = [Math.floor(quarters / 4), (quarters % 4) * 15];
  return [hours && `${hours}\u00a0h`, minutes && `${minutes}\u00a0min`].filter(Boolean).join(" ");
}
