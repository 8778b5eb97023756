/**
 * `<a download data-entries="120" data-words="Van {n} de {all}…" data-done="…" data-failed="…">` and a role="status": an archive
 * that is written while it is sent. Says how many of its files came; without script the browser takes it as any download.
 */

/** What stands before each file in an archive. */
const HEAD = [0x50, 0x4b, 0x03, 0x04];

/**
 * @param {ReadableStream<Uint8Array>} stream
 * @param {(n: number) => void} tell
 * @returns {Promise<BlobPart[]>}
 */
async function read(stream, tell) {
  const reader = stream.getReader();
  /** @type {BlobPart[]} */
  const pieces = [];
  let n = 0;
  let matched = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return pieces;
    for (const octet of value) {
      matched = octet === HEAD[matched] ? matched + 1 : Number(octet === HEAD[0]);
      if (matched === HEAD.length) {
        n += 1;
        matched = 0;
      }
    }
    pieces.push(/** @type {BlobPart} */ (value));
    tell(n);
  }
}

/**
 * @param {HTMLAnchorElement} link
 * @param {HTMLElement} status
 */
async function take(link, status) {
  const { entries = "", words = "", done = "", failed = "" } = link.dataset;
  try {
    const answer = await fetch(link.href);
    if (!answer.ok || answer.redirected || !answer.body) return location.assign(link.href);
    const pieces = await read(answer.body, (n) => {
      status.textContent = words.replace("{n}", String(n)).replace("{all}", entries);
    });
    const file = document.createElement("a");
    file.href = URL.createObjectURL(new Blob(pieces, { type: "application/zip" }));
    file.download = link.download;
    file.click();
    setTimeout(() => URL.revokeObjectURL(file.href), 60_000);
    status.textContent = done;
  } catch {
    status.textContent = failed;
  }
}

/** @type {HTMLAnchorElement | null} */
const link = document.querySelector("a[data-entries]");
/** @type {HTMLElement | null} */
const status = document.querySelector("main [role=status]:empty");
if (link && status) {
  let isTaking = false;
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    if (isTaking) return;
    isTaking = true;
    await take(link, status);
    isTaking = false;
  });
}
