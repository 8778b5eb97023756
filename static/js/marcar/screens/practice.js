/** Where practising begins: what it is, the sample cards, the way to camera and number pad. */

import { PRACTICE, practiseAnew } from "../practice.js";
import { leadOn } from "../screen.js";

/** @type {import("../router.js").Screen} */
export const practice = {
  name: PRACTICE,
  open(place) {
    practiseAnew();
    leadOn(place, PRACTICE);
    place.querySelector("[data-print]")?.addEventListener("click", () => print());
  },
};
