/**
 * A session dragged to another day opens the form that moves it, with that day in it: nothing is saved before somebody
 * confirms there. `data-move` is the form of a session, `data-day` the date of a day. With the keyboard there is the link.
 */

/** @type {HTMLElement | null} */
let dragged = null;

/** @param {HTMLElement} session */
function makeDraggable(session) {
  session.draggable = true;
  // A link is dragged as an address by itself: the box goes in its stead.
  for (const link of session.querySelectorAll("a")) link.draggable = false;
  session.addEventListener("dragstart", (event) => {
    dragged = session;
    event.dataTransfer?.setData("text/plain", session.textContent ?? "");
  });
  session.addEventListener("dragend", () => {
    dragged = null;
    for (const day of document.querySelectorAll(".drop")) day.classList.remove("drop");
  });
}

/** @param {HTMLElement} day */
function takesSessions(day) {
  /** @param {DragEvent} event */
  const over = (event) => {
    if (!dragged || day.contains(dragged)) return;
    event.preventDefault();
    day.classList.add("drop");
  };
  day.addEventListener("dragenter", over);
  day.addEventListener("dragover", over);
  day.addEventListener("dragleave", (event) => {
    if (!day.contains(/** @type {Node | null} */ (event.relatedTarget))) day.classList.remove("drop");
  });
  day.addEventListener("drop", (event) => {
    if (!dragged || day.contains(dragged)) return;
    event.preventDefault();
    location.assign(`${dragged.dataset.move}?dia=${day.dataset.day}`);
  });
}

/** @type {NodeListOf<HTMLElement>} */
const sessions = document.querySelectorAll("[data-move]");
sessions.forEach(makeDraggable);
/** @type {NodeListOf<HTMLElement>} */
const days = document.querySelectorAll("[data-day]");
days.forEach(takesSessions);
