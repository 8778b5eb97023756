/** "26 de 28 en este teléfono, y 2 más", with the band of figures: how many of those who are expected are here. */

import { redraw } from "../marks/band.js";

/**
 * @param {HTMLElement} place
 * @param {import("../marks/words.js").Words} words
 * @param {import("./book.js").Book} book
 */
export function countIn(place, words, book) {
  const said = /** @type {HTMLElement} */ (place.querySelector("[data-count-text]"));
  const text = countInWords(words, book);
  // Live regions speak when their text changes: say nothing twice.
  if (said.textContent !== text) said.textContent = text;
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
