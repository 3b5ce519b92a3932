// The digits that the page carries: each image is a bit a pixel for where there is ink, then the inked grey levels.

export const PIXELS = 784;

/**
 * @typedef {object} Digits images one behind another, those to learn from first
 * @property {Uint8Array} grey (n * 784), 0 to 255
 * @property {Uint8Array} label (n)
 * @property {number} train how many are to learn from; the others are to test
 *
 * @typedef {{pixels: Uint16Array, values: Float64Array}} Ink the inked pixels of an image
 */

/**
 * @param {{labels: string, images: string, train: number}} packed images in base64
 * @returns {Digits}
 */
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

/**
 * Return the inked pixels of every image, their values `scale` times the grey level.
 * @param {Digits} digits
 * @param {number} scale
 * @returns {Ink[]}
 */
export function inked({ grey, label }, scale) {
  return Array.from(label, (_, image) => {
    const all = grey.subarray(image * PIXELS, (image + 1) * PIXELS);
    const pixels = Uint16Array.from(all.keys()).filter((pixel) => all[pixel] > 0);
    return { pixels, values: Float64Array.from(pixels, (pixel) => all[pixel] * scale) };
  });
}

/** @param {ArrayLike<number>} values */
export function argmax(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/**
 * Add value * row to sums.
 * @param {Float64Array} sums
 * @param {Float64Array} kernel rows one behind another
 * @param {number} row
 * @param {number} value
 */
export function addRow(sums, kernel, row, value) {
  const start = row * sums.length;
  for (let i = 0; i < sums.length; i++) sums[i] += value * kernel[start + i];
}

/**
 * Add value * steps to a row of the kernel.
 * @param {Float64Array} kernel
 * @param {number} row
 * @param {number} value
 * @param {Float64Array} steps
 */
export function moveRow(kernel, row, value, steps) {
  const start = row * steps.length;
  for (let i = 0; i < steps.length; i++) kernel[start + i] += value * steps[i];
}
