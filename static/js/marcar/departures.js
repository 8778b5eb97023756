/** Marks of people who go: at the door now ("Salida"), or earlier, at a time that somebody states ("Se fue antes"). */

import { theTime } from "../marks/words.js";
import { Marks } from "./marks.js";
import { leftUnseen } from "./rules.js";

/** @typedef {import("./marks.js").Said} Said */

export class Departures extends Marks {
  /** When they left, as somebody states it; null is now, seen at the door. @type {number | null} */
  stated_at = null;

  /**
   * Cards, codes and rows end here like arrivals do, and are kept as departures.
   * @param {Partial<import("../marks/store.js").ScanEvent> & {how: string}} mark
   * @param {{line: import("./roster.js").Line | null, token?: string, name?: string}} seen
   * @returns {Promise<Said>}
   */
  async arrival(mark, { line, token = "", name: shown = "" }) {
    const { book, app, stated_at } = this;
    const { offset } = app.phone;
    const kind = stated_at === null ? "out" : "left";
    const stated = stated_at === null ? {} : { stated_at };
    const opening = line && token ? book.roster.name(line, token) : Promise.resolve(shown);
    const before = book.stayOf(book.whoOf({ ...mark, kind }));
    if (before.seen !== null && leftUnseen({ ...before, left: stated_at })) {
      const text = app.words.say("left_too_early", { the_time: theTime(before.seen + offset) });
      return { state: "wrong_time", name: await opening, text, event: null, line };
    }
    const kept = await this.keep({ kind, known: line !== null, ...stated, ...mark });
    const name = await opening;
    if (kept.error) return { state: "not_saved", name, text: kept.text, event: null, line };
    const { event } = kept;
    if (stated_at !== null && book.isStatedOddly(stated_at, event.at, offset)) {
      const text = app.words.say("left_before_start", { the_time: theTime(Date.parse(book.session.starts)) });
      return { state: "review", name, text, event, line };
    }
    // Another phone may have their arrival: the server puts both together.
    if (!before.present) return { state: "review", name, text: app.words.say("left_unseen"), event, line };
    return { state: "left", name, text: app.words.say("left_at", { the_time: theTime((stated_at ?? event.at) + offset) }), event, line };
  }
}
