/** Before a session is closed: say so where marks of it still wait on this device. */

import { APP, PANEL, unsentIn } from "./unsent.js";

const note = /** @type {HTMLElement} */ (document.querySelector("[data-unsent]"));
const here = (await unsentIn(PANEL)).some(({ url }) => url === note.dataset.marks);
note.hidden = !here && !(await unsentIn(APP)).some(({ scope }) => scope === note.dataset.session);
