/**
 * Follows a list that is being registered: `<div data-progress="/…/avance">` with a <progress> and a role="status".
 * The page is asked for again once it is done; without script there is the button «Actualizar».
 */

const PAUSE_MS = 1_500;
/** After an answer that did not come: the line is away, or the server is busy. */
const LONG_PAUSE_MS = 6_000;

/**
 * @param {HTMLElement} box
 * @returns {Promise<boolean>} whether it goes on
 */
async function look(box) {
  const answer = await fetch(box.dataset.progress ?? "", { headers: { accept: "application/json" } });
  if (answer.status >= 500) throw new Error("busy");
  const told = answer.ok ? await answer.json() : { state: "gone" };
  if (told.state !== "running") return false;
  const bar = /** @type {HTMLProgressElement} */ (box.querySelector("progress"));
  bar.max = told.n_rows;
  bar.value = told.n_done;
  /** @type {HTMLElement} */ (box.querySelector("[role=status]")).textContent = told.words;
  return true;
}

/** @param {HTMLElement} box */
async function follow(box) {
  let pause = PAUSE_MS;
  try {
    if (!(await look(box))) return location.reload();
  } catch {
    pause = LONG_PAUSE_MS;
  }
  setTimeout(() => follow(box), pause);
}

/** @type {HTMLElement | null} */
const box = document.querySelector("[data-progress]");
if (box) setTimeout(() => follow(box), PAUSE_MS);
