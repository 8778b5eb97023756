/** Before a session is closed: say so where marks of it still wait on this device. */

import { waitingHere } from "../marks/unsent.js";

const note = /** @type {HTMLElement} */ (document.querySelector("[data-unsent]"));
note.hidden = !(await waitingHere()).some(({ scope }) => scope === note.dataset.session);
