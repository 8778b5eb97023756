/**
 * What time it is, as far as this phone can know. Its own clock may fall back to 2015 with an empty battery, or jump
 * ahead, while no server says so: then a function that stays open, or a list that stays, does less harm than one that
 * is taken away.
 */

const TOLERANCE_MS = 5 * 60_000;

export class Clock {
  /** What the server's clock was ahead of ours when it was last heard, in milliseconds. */
  offset = 0;
  /** A moment by the server's clock that is past for certain, and our counter at it. */
  #past = { moment: 0, counter: 0 };

  /**
   * As it was kept when this page was not open.
   * @param {{offset?: number, seen?: number} | null} kept
   */
  restore(kept) {
    this.offset = kept?.offset ?? 0;
    this.#past = { moment: kept?.seen ?? 0, counter: 0 };
  }

  /**
   * The server told its time.
   * @param {number} moment
   * @param {number} asked_at when it was asked, by our clock
   */
  hear(moment, asked_at) {
    this.offset = moment - (asked_at + Date.now()) / 2;
    this.#past = { moment, counter: performance.now() };
  }

  /** The counter of a page goes on whatever the clock does; it may stand still with a phone that sleeps, never hurry. */
  get #least() {
    return this.#past.moment + performance.now() - this.#past.counter;
  }

  /** Our clock, corrected, but never before what is past for certain. */
  get now() {
    return Math.max(Date.now() + this.offset, this.#least);
  }

  /** Does our clock show what is past for certain? Then nobody here knows how late it is. */
  get isLost() {
    return Date.now() + this.offset < this.#least - TOLERANCE_MS;
  }

  /** Is that moment still to come? Not said by a clock that is lost. @param {number} moment */
  isBefore(moment) {
    return !this.isLost && this.now < moment;
  }
}
