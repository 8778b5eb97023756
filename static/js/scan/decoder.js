/** Reads QR codes out of pictures: zxing (WebAssembly), or jsQR in browsers without it. Both are served by us. */

/** @typedef {{size: number, read: (picture: ImageData) => Promise<string | null>}} Decoder */

const ZXING = new URL("../../vendor/zxing-wasm-3.1.4/", import.meta.url);
const JSQR = new URL("../../vendor/jsqr-1.4.0/jsQR.js", import.meta.url);

const OPTIONS = {
  formats: ["QRCode"],
  maxNumberOfSymbols: 1,
  tryHarder: true,
  tryRotate: true,
  // A ticket on a phone in dark mode is white on black.
  tryInvert: true,
};

/** @type {Promise<Decoder> | null} */
let loading = null;

/** Loads the reader at its first use: most visits of the page need no camera. @returns {Promise<Decoder>} */
export function loadDecoder() {
  loading ??= zxing()
    .catch(jsqr)
    .catch((error) => {
      loading = null;
      throw error;
    });
  return loading;
}

/** @returns {Promise<Decoder>} */
async function zxing() {
  if (typeof WebAssembly !== "object") throw new Error("no WebAssembly");
  await script(new URL("zxing_reader.js", ZXING));
  const { prepareZXingModule, readBarcodes } = /** @type {any} */ (globalThis).ZXingWASM;
  // Without locateFile it would fetch the binary from a public CDN.
  const overrides = { locateFile: (/** @type {string} */ file) => new URL(file, ZXING).href };
  await prepareZXingModule({ overrides, fireImmediately: true });
  return {
    size: 720,
    async read(picture) {
      const [found] = await readBarcodes(picture, OPTIONS);
      return found ? found.text : null;
    },
  };
}

/** @returns {Promise<Decoder>} */
async function jsqr() {
  await script(JSQR);
  const { jsQR } = /** @type {any} */ (globalThis);
  return {
    size: 480,
    async read(picture) {
      const found = jsQR(picture.data, picture.width, picture.height, { inversionAttempts: "attemptBoth" });
      return found ? found.data : null;
    },
  };
}

/**
 * Both readers are plain scripts that set a global.
 * @param {URL} address
 * @returns {Promise<void>}
 */
function script(address) {
  return new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = address.href;
    element.onload = () => resolve();
    element.onerror = () => {
      element.remove();
      reject(new Error(`cannot load ${address.href}`));
    };
    document.head.append(element);
  });
}
