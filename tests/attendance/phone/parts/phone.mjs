/** A phone without its pages: the app as it opens, on a disk in memory, with words that say their keys. */

import { App } from "../../../../static/js/marcar/app.js";
import { Disk } from "./disk.mjs";

globalThis.document = { documentElement: { lang: "es" } };

export const words = {
  say: (key, values = {}) => [key, ...Object.values(values)].join(" "),
  many: (key, n) => `${n} ${key}`,
};

/**
 * The app in a window of this browser. What it keeps stays on the disk for the next one.
 * @param {Disk} [disk]
 */
export function windowOn(disk = new Disk()) {
  globalThis.indexedDB = disk;
  const shell = Object.assign(new EventTarget(), { isComplete: true, look: () => undefined });
  return App.open({ words, shell, version: "1" });
}
