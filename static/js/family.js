/**
 * The sign-up form of a family: people are added and taken out in the page, the button says how many there are, they are
 * there again after another page, and the communities of the chosen municipality are suggested. Without script the same
 * buttons send the form, which comes back changed.
 */

const form = /** @type {HTMLFormElement} */ (document.querySelector("form.family"));
const template = /** @type {HTMLTemplateElement} */ (form.querySelector("template"));
const adding = /** @type {HTMLButtonElement} */ (form.querySelector("[value=add]"));
const status = /** @type {HTMLElement} */ (form.querySelector("[role=status]"));
const words = form.dataset;

/** @returns {HTMLElement[]} those who come along */
const members = () => [...form.querySelectorAll("[data-member]")];

/**
 * @param {string | undefined} sentence with {n} or {name} in it
 * @param {string | number} value
 */
const say = (sentence, value) => (sentence || "").replace(/\{\w+\}/, String(value));

/** Titles, the names on buttons and how many there are, after any change. */
function tell() {
  const n = members().length + 1;
  members().forEach((member, place) => {
    const name = /** @type {HTMLInputElement} */ (member.querySelector("[name$=given_names]")).value.trim();
    /** @type {HTMLElement} */ (member.querySelector("h3")).textContent = say(words.person, place + 2);
    const remove = /** @type {HTMLElement} */ (member.querySelector("[value^=remove] span"));
    remove.textContent = name ? say(words.remove, name) : words.removeNameless || "";
  });
  for (const button of form.querySelectorAll("[data-send], button.hide")) {
    button.textContent = n === 1 ? words.one || "" : say(words.many, n);
  }
  adding.hidden = n >= Number(words.largest);
}

/** One more person, at the end. */
function insert() {
  const number = 1 + Math.max(0, ...members().map((member) => Number(member.dataset.member)));
  const copy = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  for (const element of copy.querySelectorAll("*")) {
    for (const { name, value } of element.attributes) {
      // Names, ids and what points at them; a sentence with an N in it is none of them.
      if (/^(members-N|remove-N$|N$)/.test(value)) {
        element.setAttribute(name, value === "N" ? String(number) : value.replaceAll("-N", `-${number}`));
      }
    }
  }
  template.before(copy);
  return number;
}

function add() {
  const number = insert();
  tell();
  keep();
  status.textContent = say(words.added, members().length + 1);
  /** @type {HTMLElement} */ (form.querySelector(`#members-${number}-given_names`)).focus();
}

/** @param {HTMLElement} member */
function remove(member) {
  member.remove();
  tell();
  keep();
  status.textContent = say(words.removed, members().length + 1);
  adding.focus();
}

/** @param {HTMLElement} member */
const fieldsOf = (member) =>
  /** @type {NodeListOf<HTMLInputElement | HTMLSelectElement>} */ (member.querySelectorAll("input, select"));

/** @param {HTMLInputElement | HTMLSelectElement} field */
const isTicked = (field) => field.type === "checkbox" || field.type === "radio";

let isSent = false;

/** The browser itself keeps what was typed into the page as it came; who was added is kept beside it, till it is sent. */
function keep() {
  if (isSent) return;
  const people = members().map((member) =>
    [...fieldsOf(member)].map((field) => (isTicked(field) ? /** @type {HTMLInputElement} */ (field).checked : field.value)),
  );
  history.replaceState({ people }, "");
}

/** The answer says what came of it, and shows again what is wrong. The next person on this telephone reads none of it. */
function forget() {
  isSent = true;
  history.replaceState(null, "");
}

/** Whoever was added before the page was left, or put away by a telephone with little memory. */
function restore() {
  const [visit] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
  // The same address anew takes the place of the entry in the history and inherits what was kept with it.
  if (visit?.type === "navigate") history.replaceState(null, "");
  /** @type {(string | boolean)[][]} */
  const people = history.state?.people || [];
  if (members().length) return;
  for (const answers of people) {
    insert();
    fieldsOf(/** @type {HTMLElement} */ (members().at(-1))).forEach((field, place) => {
      const answer = answers[place];
      if (typeof answer === "boolean") /** @type {HTMLInputElement} */ (field).checked = answer;
      else field.value = answer ?? field.value;
    });
  }
}

/** @param {string} municipality */
async function suggest(municipality) {
  const list = /** @type {HTMLElement} */ (form.querySelector("#communities"));
  list.replaceChildren();
  if (!/^\d{4}$/.test(municipality)) return;
  try {
    const answer = await fetch(`/comunidades/${municipality}.json`);
    if (!answer.ok) return;
    const { communities } = await answer.json();
    list.replaceChildren(...communities.map((/** @type {string} */ name) => new Option("", name)));
  } catch {
    // No line: people write the name themselves.
  }
}

form.addEventListener("click", (event) => {
  const button = /** @type {Element} */ (event.target).closest("button[name=do]");
  if (!button) return;
  event.preventDefault();
  const member = /** @type {HTMLElement | null} */ (button.closest("[data-member]"));
  if (member) remove(member);
  else add();
});
form.addEventListener("input", (event) => {
  if (/** @type {HTMLInputElement} */ (event.target).name?.endsWith("given_names")) tell();
});
form.addEventListener("change", (event) => {
  isSent = false;
  keep();
  const field = /** @type {HTMLSelectElement} */ (event.target);
  if (field.name === "municipality" && field.value !== "other") suggest(field.value);
  if (field.id === "other_municipality") suggest(field.value);
});
form.addEventListener("submit", forget);
document.addEventListener("visibilitychange", keep);
restore();
tell();
