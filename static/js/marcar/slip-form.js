/** What stands in the slip's form, and whether it is whole. */

const MINORS = new Set(["12-13", "14-17"]);
const OPTIONAL = ["sex", "phone", "guardian_name", "guardian_relation", "guardian_phone"];
const PHONES = ["phone", "guardian_phone"];

export class SlipForm {
  /**
   * @param {any} form
   * @param {import("../marks/words.js").Words} words
   */
  constructor(form, words) {
    this.form = form;
    this.words = words;
    this.minor = form.querySelector("[data-minor]");
    form.elements.age_group.addEventListener("change", () => this.draw());
  }

  get isMinor() {
    return MINORS.has(this.form.elements.age_group.value);
  }

  /**
   * Only the ages that the session takes, and the municipalities near it.
   * @param {any} session
   * @param {Array<[string, Array<[string, string]>]>} departments
   */
  offer({ admits_minors, minimum_age }, departments) {
    const ages = this.form.elements.age_group;
    for (const option of [...ages.options]) {
      const youngest = Number.parseInt(option.value, 10);
      const isTaken = !MINORS.has(option.value) || (admits_minors && (youngest >= (minimum_age ?? 0) || option.value === "14-17"));
      if (!isTaken) option.remove();
    }
    const words = admits_minors ? "slip_ages_minors" : "slip_ages_adults";
    this.form.querySelector("[data-ages]").textContent = this.words.say(words, { years: 12 });
    const last = this.form.elements.municipality.lastElementChild;
    for (const [department, names] of departments) {
      const group = document.createElement("optgroup");
      group.label = department;
      group.append(...names.map(([code, name]) => new Option(name, code)));
      last.before(group);
    }
    this.draw();
  }

  /** What only concerns minors takes part only for them. */
  draw() {
    this.minor.hidden = this.minor.disabled = !this.isMinor;
    this.form.querySelector("[data-adult]").hidden = this.isMinor;
    this.form.elements.phone.disabled = this.isMinor;
  }

  /** The first field that is not right, with its sentence; null where all are. */
  wrong() {
    for (const field of this.form.elements) {
      if (!field.name || field.matches(":disabled")) continue;
      const why = this.#wrong(field);
      field.toggleAttribute("aria-invalid", Boolean(why));
      if (why) return { field, why };
    }
    return null;
  }

  /** @param {any} field */
  #wrong(field) {
    const label = (field.labels[0]?.textContent ?? "").trim();
    if (field.type === "checkbox" && field.required && !field.checked) return this.words.say("slip_agree", { field: label });
    if (field.required && !field.value.trim()) return this.words.say("slip_missing", { field: label });
    return PHONES.includes(field.name) && field.value.trim() && !phoneOf(field.value) ? this.words.say("slip_phone") : "";
  }

  /**
   * What is sealed; `docs/phones.md` says who opens it.
   * @param {{read_at: number, language: string, version: string}} consent
   */
  json({ read_at, language, version }) {
    const values = Object.fromEntries(new FormData(this.form));
    const asked = Object.fromEntries(OPTIONAL.map((name) => [name, cleaned(name, values[name])]).filter(([, value]) => value));
    return {
      v: 1,
      given_names: cleaned("", values.given_names),
      surnames: cleaned("", values.surnames),
      municipality: values.municipality,
      community: cleaned("", values.community),
      actor_type: values.actor_type,
      age_group: values.age_group,
      ...asked,
      ...(this.isMinor ? { guardian_consent: true, assent: true } : {}),
      consent: true,
      consent_read_at: read_at,
      text_version: version,
      language,
    };
  }

  /** Nothing that was typed stays in the page. */
  forget() {
    this.form.reset();
    this.draw();
  }
}

/**
 * @param {string} name
 * @param {FormDataEntryValue | undefined} value
 */
function cleaned(name, value = "") {
  const text = String(value).normalize("NFC").trim();
  return PHONES.includes(name) ? phoneOf(text) : text;
}

/** The eight digits of a Guatemalan number; empty where it is none. @param {string} text */
function phoneOf(text) {
  const digits = text.replace(/[\s().-]/g, "").replace(/^(\+|00)?502(?=\d{8}$)/, "");
  return /^\d{8}$/.test(digits) ? digits : "";
}
