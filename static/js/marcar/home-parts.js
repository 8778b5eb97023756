/** What home shows beside the sessions: where heads are counted, and the hint for telephones that install by hand. */

import { dayAndTime } from "../marks/words.js";
import { isSaving } from "./saving.js";

/**
 * @param {HTMLElement} place
 * @param {import("./app.js").App} app
 */
export function drawMore(place, app) {
  const part = (/** @type {string} */ selector) => /** @type {any} */ (place.querySelector(selector));
  const activities = app.phone.said?.activities ?? [];
  part("[data-counting]").hidden = !activities.length;
  part("[data-activities]").replaceChildren(...activities.map((/** @type {any} */ one) => row(part("template[data-activity]"), one)));
  part("[data-save-power]").setAttribute("aria-pressed", String(isSaving()));
  // With the camera off, the number pad is where one marks.
  if (isSaving()) for (const link of place.querySelectorAll("[data-sessions] a")) link.setAttribute("href", String(link.getAttribute("href")).replace("#/marcar/", "#/filas/"));
  // No other browser knows this property: there the installed app and the browser keep their things apart.
  part("[data-iphone]").hidden = /** @type {any} */ (navigator).standalone !== false;
}

/**
 * @param {HTMLTemplateElement} model
 * @param {any} activity
 */
function row(model, { id, title, starts, place }) {
  const element = /** @type {any} */ (model.content.firstElementChild?.cloneNode(true));
  const link = element.querySelector("a");
  link.textContent = title;
  link.href = `#/conteo/${id}`;
  element.querySelector("[data-when]").textContent = dayAndTime(Date.parse(starts));
  element.querySelector("[data-place]").textContent = place ?? "";
  return element;
}
