/** Before a session is closed: say so where marks of it still wait on this device. */

import { openStore } from "./store.js";

const note = /** @type {HTMLElement} */ (document.querySelector("[data-unsent]"));
const store = await openStore().catch(() => null);
const unsent = store ? await store.unsent().catch(() => []) : [];
note.hidden = !unsent.some((event) => event.url === note.dataset.marks);
