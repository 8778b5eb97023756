/** The line on top of every screen: what waits here, and what stands between this phone and the server. */

/** @param {import("./app.js").App} app */
export function showStatus(app) {
  const line = part("[data-queue]");
  const send = part("[data-send]");
  const account = part("[data-account]");
  send.addEventListener("click", () => {
    app.sender.flush({ forced: true });
    app.phone.refresh();
  });
  const draw = () => {
    put(line, queueText(app));
    send.hidden = app.isDeleted || !(app.sender.n_waiting || app.sender.n_unread);
    // Its own element: news of the queue must not wipe out what has to be done.
    const trouble = troubleOf(app);
    const more = trouble === "revoked" && app.sender.n_unread ? "_kept" : "";
    put(account, trouble ? app.words.say(`account_${trouble}${more}`) : "");
    account.parentElement.hidden = !trouble;
    part("[data-to-enrol]").hidden = trouble !== "unprepared";
  };
  app.addEventListener("change", draw);
  draw();
}

/** The worst first. @param {import("./app.js").App} app */
function troubleOf({ isDeleted, isClosed, phone }) {
  if (isDeleted) return "deleted";
  return isClosed ? "closed" : phone.account;
}

/** @param {import("./app.js").App} app */
function queueText({ sender, words, isDeleted }) {
  // What was waiting is gone: any number, and "all sent" too, would be believed.
  if (isDeleted) return "";
  const { n_waiting, n_unread, trouble } = sender;
  const unread = n_unread ? words.many("unread", n_unread) : "";
  if (!n_waiting) return unread || words.say("all_sent");
  const why = trouble === "offline" || trouble === "down" ? words.say(trouble) : "";
  return [why, words.many("waiting", n_waiting), unread].filter(Boolean).join(" ");
}

/**
 * Live regions speak when their text changes: say nothing twice.
 * @param {HTMLElement} element
 * @param {string} text
 */
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {string} selector @returns {any} */
function part(selector) {
  return document.querySelector(selector);
}
