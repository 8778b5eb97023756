/** Reads QR codes out of pictures: zxing (WebAssembly), or jsQR in browsers without it. Both are served by us. */

/** @typedef {{name: string, size: number, read: (picture: ImageData) => Promise<string | null>}} Decoder */
/** @typedef {{zxing: string, wasm: string, jsqr: string}} Addresses of the files, with the version of their content */

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

/**
 * Loads the reader at its first use: most visits of the page need no camera.
 * @param {Addresses} addresses
 * @returns {Promise<Decoder>}
 */
export function loadDecoder(addresses) {
  loading ??= zxing(addresses)
    .catch(() => jsqr(addresses))
    .catch((error) => {
      loading = null;
      throw error;
    });
  return loading;
}

/**
 * @param {Addresses} addresses
 * @returns {Promise<Decoder>}
 */
async function zxing(addresses) {
  if (typeof WebAssembly !== "object") throw new Error("no WebAssembly");
  await script(addresses.zxing);
  const { prepareZXingModule, readBarcodes } = /** @type {any} */ (globalThis).ZXingWASM;
  // Without locateFile it would fetch the binary from a public CDN.
  const overrides = { locateFile: () => addresses.wasm };
  await prepareZXingModule({ overrides, fireImmediately: true });
  return {
    name: "zxing",
    size: 720,
    async read(picture) {
      const [found] = await readBarcodes(picture, OPTIONS);
      return found ? found.text : null;
    },
  };
}

/**
 * @param {Addresses} addresses
 * @returns {Promise<Decoder>}
 */
async function jsqr(addresses) {
  await script(addresses.jsqr);
  const { jsQR } = /** @type {any} */ (globalThis);
  return {
    name: "jsqr",
    size: 480,
    async read(picture) {
      const found = jsQR(picture.data, picture.width, picture.height, { inversionAttempts: "attemptBoth" });
      return found ? found.data : null;
    },
  };
}

/**
 * Both readers are plain scripts that set a global.
 * @param {string} address
 * @returns {Promise<void>}
 */
function script(address) {
  return new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = address;
    element.onload = () => resolve();
    element.onerror = () => {
      element.remove();
      reject(new Error(`cannot load ${address}`));
    };
    document.head.append(element);
  });
}
