/** Preparing this phone: the code of the coordinator's screen comes by link, camera or hand. */

import { Lens } from "../../marks/lens.js";

const LINK = /\/marcar(?:\/en)?\/alta#([0-9A-Za-z-]+)$/;
const WORDS_OF = { offline: "enrol_offline", down: "enrol_down", refused: "enrol_unknown", unreadable: "enrol_unknown", unprepared: "enrol_unknown" };

/** @type {import("../router.js").Screen} */
export const enrol = {
  name: "alta",
  open(place, app, [code = ""]) {
    const part = (/** @type {string} */ selector) => /** @type {any} */ (place.querySelector(selector));
    const field = part("[name=code]");
    const said = part("[data-said]");
    const lens = new Lens(part("[data-lens]"), app.words.lines, seen, () => app.sound.unlock());
    let isAsking = false;
    part("form").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      use(field.value.trim());
    });
    // There the installed app and the browser keep their things apart. No other browser knows this property.
    part("[data-iphone]").hidden = /** @type {any} */ (navigator).standalone !== false;
    if (code && app.phone.isPrepared) {
      // A link must not change whose phone this is by itself.
      field.value = code;
      say("enrol_again");
    } else if (code) use(code);
    return () => lens.rest("");

    /** @param {string} text */
    function seen(text) {
      const link = LINK.exec(text.trim());
      if (link) use(link[1]);
      else say("enrol_other_qr");
    }

    /** @param {string} asked */
    async function use(asked) {
      if (!asked || isAsking) return;
      isAsking = true;
      field.value = asked;
      say("enrol_asking");
      const { trouble, minutes } = await app.phone.enrol(asked);
      isAsking = false;
      if (minutes) return say("enrol_too_many", { n: minutes });
      if (trouble) return say(/** @type {Record<string, string>} */ (WORDS_OF)[trouble]);
      lens.rest("");
      navigator.storage?.persist?.().catch(() => false);
      location.hash = "#/";
      app.sender.flush({ forced: true });
      await app.phone.refresh();
    }

    /**
     * @param {string} word
     * @param {Record<string, number>} [values]
     */
    function say(word, values) {
      said.textContent = app.words.say(word, values);
    }
  },
};
