// The digits that the page carries: each image is a bit a pixel for where there is ink, then the inked grey levels.

export const PIXELS = 784;

/** @param {{labels: string, images: string, train: number}} packed images in base64 @returns {Digits} */
export function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed.images), (character) => character.charCodeAt(0));
  const label = Uint8Array.from(packed.labels, Number);
  const grey = new Uint8Array(label.length * PIXELS);
  let at = 0;
  for (let image = 0; image < label.length; image++) {
    let ink = at + PIXELS / 8;
    for (let pixel = 0; pixel < PIXELS; pixel++) {
      if (bytes[at + (pixel >> 3)] & (128 >> (pixel & 7))) grey[image * PIXELS + pixel] = bytes[ink++];
    }
    at = ink;
  }
  return { grey, label, train: packed.train };
}

/** @type {{digits: Digits | null, scale: number, ink: Ink[]}} what all networks of a job share */
const shared = { digits: null, scale: 0, ink: [] };

/**
 * Return the inked pixels of every image, their values `scale` times the grey level.
 * @param {Digits} digits @param {number} scale @returns {Ink[]}
 */
export function inked(digits, scale) {
  if (shared.digits !== digits || shared.scale !== scale) {
    const ink = Array.from(digits.label, (_, image) => inkOf(digits.grey, image, scale));
    Object.assign(shared, { digits, scale, ink });
  }
  return shared.ink;
}

/** @param {Uint8Array} grey @param {number} image @param {number} scale @returns {Ink} */
function inkOf(grey, image, scale) {
  const pixels = [];
  for (let pixel = 0; pixel < PIXELS; pixel++) if (grey[image * PIXELS + pixel] > 0) pixels.push(pixel);
  const values = Float64Array.from(pixels, (pixel) => grey[image * PIXELS + pixel] * scale);
  return { pixels: Uint16Array.from(pixels), values, sum: values.reduce((sum, value) => sum + value, 0) };
}
