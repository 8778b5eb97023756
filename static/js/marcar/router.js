/** Which screen is open. Addresses are `#/name/part/part`; `/marcar/alta#CODE` is how a helper's phone comes here. */

const CODE = /^#([0-9A-Za-z-]{6,64})$/;
const ENROL = /\/alta$/;

/**
 * @typedef {object} Screen one of `screens/*.js`
 * @property {string} name as in the address, and of its `<template data-screen>`
 * @property {(place: HTMLElement, app: import("./app.js").App, params: string[]) => void | (() => void) | Promise<void | (() => void)>} open
 *   fills the copy of its template that lies in `place`; what it returns ends it
 */

export class Router {
  /** @type {(() => void) | null} */
  #close = null;
  #n_opened = 0;

  /**
   * @param {import("./app.js").App} app
   * @param {HTMLElement} place
   * @param {Screen[]} screens the first is home
   */
  constructor(app, place, screens) {
    this.app = app;
    this.place = place;
    this.screens = screens;
    addEventListener("hashchange", () => (isScreen() || isCode()) && this.follow());
  }

  async follow() {
    const [name = "", ...params] = this.#asked();
    const screen = this.screens.find((one) => one.name === name) ?? this.screens[0];
    const turn = (this.#n_opened += 1);
    this.#end();
    const template = /** @type {HTMLTemplateElement} */ (document.querySelector(`template[data-screen=${screen.name}]`));
    this.place.replaceChildren(template.content.cloneNode(true));
    document.body.dataset.at = this.place.dataset.at = screen.name;
    const close = (await screen.open(this.place, this.app, params)) ?? null;
    // Somebody may have gone on while it opened.
    if (turn === this.#n_opened) this.#close = close;
    else return close?.();
    // Some screens are called after their session, which they know only now.
    document.title = this.place.querySelector("h1")?.textContent || document.title;
    const first = /** @type {HTMLElement | null} */ (this.place.querySelector("[data-first]") ?? this.place.querySelector("h1"));
    if (turn > 1) first?.focus({ preventScroll: true });
  }

  #asked() {
    if (isScreen()) return location.hash.slice(2).split("/").map(decodeURIComponent);
    if (!isCode()) return ENROL.test(location.pathname) ? ["alta"] : [];
    const code = location.hash.slice(1);
    // Used once: it must not stay in the history of the phone.
    history.replaceState(null, "", location.pathname.replace(ENROL, "/"));
    return ["alta", code];
  }

  #end() {
    this.#close?.();
    this.#close = null;
    scrollTo(0, 0);
  }
}

function isScreen() {
  return location.hash.startsWith("#/");
}

function isCode() {
  return ENROL.test(location.pathname) && CODE.test(location.hash);
}
