/** The sentences of the page, which lie in its templates so that they are translated with it; and times in words. */

const ZONE = "America/Guatemala";

export class Words {
  /** @type {Record<string, string>} */
  lines = {};

  /** @param {Document} page */
  constructor(page) {
    for (const template of page.querySelectorAll("template")) {
      for (const line of /** @type {NodeListOf<HTMLElement>} */ (template.content.querySelectorAll("[data-word]"))) {
        this.lines[line.dataset.word ?? ""] = (line.textContent ?? "").trim();
      }
    }
  }

  /**
   * @param {string} key
   * @param {Record<string, string | number>} [values] put in the places `{name}`
   */
  say(key, values = {}) {
    const line = this.lines[key];
    if (line === undefined) throw new Error(`the page lacks the words ${key}`);
    return line.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
  }

  /**
   * One or many: the words `key_one` and `key_many`.
   * @param {string} key
   * @param {number} n
   * @param {Record<string, string | number>} [values]
   */
  many(key, n, values = {}) {
    return this.say(n === 1 ? `${key}_one` : `${key}_many`, { n, ...values });
  }
}

/**
 * Live regions speak when their text changes: say nothing twice.
 * @param {Element} element
 * @param {string} text
 */
export function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** "8:21 a. m.", "8:21 AM" @param {number} at milliseconds */
export function timeOfDay(at) {
  // Held together: a line that begins with "a. m." is read twice.
  return format(at, { hour: "numeric", minute: "2-digit", hour12: true }, language()).replace(/\s/g, "\u00a0");
}

/** With the article of Spanish: "la 1:05 p. m.", "las 8:21 a. m."; "8:21 AM" @param {number} at milliseconds */
export function theTime(at) {
  const time = timeOfDay(at);
  if (language() === "en") return time;
  return `${time.startsWith("1:") ? "la" : "las"} ${time}`;
}

/** "sáb, 6 de marzo, 8:30 a. m.", "Sat 6 March, 8:30 AM" @param {number} at milliseconds */
export function dayAndTime(at) {
  return `${format(at, { weekday: "short", day: "numeric", month: "long" }, dayFirst())}, ${timeOfDay(at)}`;
}

/** "sábado, 6 de marzo", "Saturday 6 March" @param {number} at milliseconds */
export function longDate(at) {
  return format(at, { weekday: "long", day: "numeric", month: "long" }, dayFirst());
}

function language() {
  return document.documentElement.lang;
}

/** As everywhere here, also in English: which number is the month is no question then. */
function dayFirst() {
  return language() === "en" ? "en-GB" : language();
}

/** @type {Map<string, Intl.DateTimeFormat>} making one takes a cheap phone as long as drawing a screen */
const formats = new Map();

/**
 * @param {number} at
 * @param {Intl.DateTimeFormatOptions} options
 * @param {string} tag
 */
function format(at, options, tag) {
  const key = `${tag} ${Object.values(options).join()}`;
  const known = formats.get(key) ?? new Intl.DateTimeFormat(tag, { ...options, timeZone: ZONE });
  formats.set(key, known);
  return known.format(at);
}
