/**
 * Materials to tick off: `<ul data-checklist="…"><li><span>Mesa</span></li></ul>`. What is ticked is kept on this device
 * only; without script it is a list with squares to tick on paper.
 */

/**
 * @param {string} key
 * @returns {Set<string>}
 */
function ticked(key) {
  try {
    return new Set(JSON.parse(localStorage.getItem(key) ?? "[]"));
  } catch {
    return new Set();
  }
}

/**
 * @param {HTMLLIElement} row
 * @param {string} key
 */
function enable(row, key) {
  const words = row.textContent ?? "";
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = ticked(key).has(words);
  box.addEventListener("change", () => {
    const now = ticked(key);
    if (box.checked) now.add(words);
    else now.delete(words);
    try {
      localStorage.setItem(key, JSON.stringify([...now]));
    } catch {
      // A browser that keeps nothing still ticks.
    }
  });
  const label = document.createElement("label");
  label.className = "choice";
  label.append(box, ...row.childNodes);
  row.append(label);
}

/** @type {HTMLElement | null} */
const list = document.querySelector("[data-checklist]");
if (list) {
  const key = `materiales:${list.dataset.checklist}`;
  list.classList.add("live");
  list.querySelectorAll("li").forEach((row) => enable(row, key));
  /** @type {HTMLElement} */ (document.querySelector("[data-checklist-note]")).hidden = false;
}
