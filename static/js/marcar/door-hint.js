/** At the door of a session that begins much later, or is called off: that it is so, and the way to the one that is on now. */

import { dayAndTime, longDate, timeOfDay } from "../marks/words.js";

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
  const now = phone.sessions.find((one) => isOn(one, phone.clock));
  const starts = Date.parse(session.starts);
  const time = longDate(starts) === longDate(phone.clock.now) ? timeOfDay(starts) : dayAndTime(starts);
  put(hint.querySelector("span"), isOff ? words.say("door_off") : words.say("not_yet", { time }));
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
 * Live regions speak when their text changes: say nothing twice.
 * @param {HTMLElement | null} element
 * @param {string} text
 */
function put(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}
