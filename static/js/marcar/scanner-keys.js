/** A scanner with a cable types a card's code wherever the focus is, faster than people do, and ends with Enter. */

const PAUSE_MS = 300;
/** Shorter than any code, longer than any row number. */
const SHORTEST_CODE = 4;
/** With these a scanner types capitals. */
const HELD = new Set(["Shift", "CapsLock"]);

/**
 * What a scanner types is put into this field, unless somebody is writing into another one.
 * @param {HTMLInputElement} field
 * @returns {() => void} ends it
 */
export function typeInto(field) {
  return onKeys((event) => {
    if (isCharacter(event) && !isWriting()) field.focus({ preventScroll: true });
  });
}

/**
 * What a scanner types is a code, though the screen asks for row numbers: neither its first digits are a row nor its
 * Enter a press of the button that has the focus.
 * @param {HTMLInputElement} field where rows are typed
 * @param {(code: string) => void} onCode
 * @returns {() => void} ends it
 */
export function catchCode(field, onCode) {
  let typed = "";
  let before = 0;
  return onKeys((event) => {
    if (isWriting() && document.activeElement !== field) return;
    // A list that has the focus would choose by what is typed: another sheet, on which the rows are other people.
    if (isCharacter(event) && document.activeElement?.matches("select")) field.focus({ preventScroll: true });
    if (HELD.has(event.key)) return;
    if (event.timeStamp - before > PAUSE_MS) typed = "";
    before = event.timeStamp;
    if (event.key !== "Enter") {
      // Only people take back what they typed, or go elsewhere.
      typed = event.key.length === 1 ? typed + event.key : "";
      return;
    }
    const code = typed;
    typed = "";
    if (code.length < SHORTEST_CODE) return;
    event.preventDefault();
    field.value = "";
    onCode(code);
  });
}

function isWriting() {
  return document.activeElement?.matches("input, textarea") ?? false;
}

/** One that codes are made of: the space bar opens a list and presses a button. @param {KeyboardEvent} event */
function isCharacter({ key }) {
  return key.length === 1 && key !== " ";
}

/**
 * @param {(event: KeyboardEvent) => void} act
 * @returns {() => void} ends it
 */
function onKeys(act) {
  const heard = (/** @type {KeyboardEvent} */ event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey) act(event);
  };
  document.addEventListener("keydown", heard);
  return () => document.removeEventListener("keydown", heard);
}
