/** What stands over a door: how many are here, and, where its session begins much later or is called off, the way to the one that is on. */

import { redraw } from "../marks/band.js";
import { dayAndTime, longDate, put, timeOfDay } from "../marks/words.js";

/** So long before its start people come to a session, and to no other. */
const DOOR_MS = 45 * 60_000;

/**
 * @param {HTMLElement} place
 * @param {import("./app.js").App} app
 * @param {string} id
 * @param {string} screen where somebody marks now, and would there
 */
export function hintAtDoor(place, { phone, words }, id, screen) {
  const hint = /** @type {HTMLElement} */ (place.querySelector("[data-not-yet]"));
  const session = phone.session(id);
  const isOff = session?.state === "cancelled";
  hint.hidden = !isOff && (!session || !isMuchLater(session, phone.clock));
  if (hint.hidden) return;
  // Nobody is led from a real session to a practice, nor back.
  const now = phone.sessions.find((one) => isOn(one, phone.clock) && Boolean(one.practice) === Boolean(session?.practice));
  const starts = Date.parse(session.starts);
  const time = longDate(starts) === longDate(phone.clock.now) ? timeOfDay(starts) : dayAndTime(starts);
  put(/** @type {Element} */ (hint.querySelector("span")), isOff ? words.say("door_off") : words.say("not_yet", { time }));
  const link = /** @type {HTMLAnchorElement} */ (hint.querySelector("a"));
  link.hidden = !now;
  if (!now) return;
  link.href = `#/${screen}/${now.id}`;
  put(link, words.say("on_now", { title: now.title, time: timeOfDay(Date.parse(now.starts)) }));
}

/**
 * @param {{starts: string}} session
 * @param {import("./clock.js").Clock} clock
 */
function isMuchLater({ starts }, clock) {
  return clock.isBefore(Date.parse(starts) - DOOR_MS);
}

/**
 * @param {{starts: string, ends: string, state: string, closed: boolean}} session
 * @param {import("./clock.js").Clock} clock
 */
function isOn({ starts, ends, state, closed }, clock) {
  return state !== "cancelled" && !closed && Date.parse(starts) - DOOR_MS <= clock.now && clock.now <= Date.parse(ends);
}

/**
 * "26 de 28 en este teléfono, y 2 más", with the band of figures: how many of those who are expected are here.
 * @param {HTMLElement} place
 * @param {import("../marks/words.js").Words} words
 * @param {import("./book.js").Book} book
 */
export function countIn(place, words, book) {
  const said = /** @type {HTMLElement} */ (place.querySelector("[data-count-text]"));
  put(said, countInWords(words, book));
  redraw(/** @type {Element} */ (place.querySelector(".band")), book.n_present, book.n_expected);
}

/**
 * @param {import("../marks/words.js").Words} words
 * @param {import("./book.js").Book} book
 * @param {string} [key] of the words
 */
export function countInWords(words, { hasRoster, n_present, n_more, n_expected }, key = "count") {
  // Without the list nobody here knows who is expected.
  if (!hasRoster) return words.say(`${key}_bare`, { n: n_present + n_more });
  const values = { present: n_present, expected: n_expected, more: n_more };
  return words.say(n_more ? `${key}_more` : key, values);
}
