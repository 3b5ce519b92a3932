// The digits that the page carries: each image is a bit a pixel for where there is ink, then the inked grey levels.

export const PIXELS = 784;

/**
 * @typedef {object} Digits images one behind another, those to learn from first
 * @property {Uint8Array} grey (n * 784), 0 to 255
 * @property {Uint8Array} label (n)
 * @property {number} train how many are to learn from; the others are to test
 *
 * @typedef {{pixels: Uint16Array, values: Float64Array, sum: number}} Ink the inked pixels of an image
 */

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

/** @param {ArrayLike<number>} values */
export function argmax(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/**
 * Add to sums each of these rows times its value, four rows at a time so that sums are read less often.
 * @param {Float64Array} sums @param {Float64Array} kernel rows one behind another @param {Uint16Array} rows
 * @param {Float64Array} values @param {number} [count] of the rows, if not all
 */
export function addRows(sums, kernel, rows, values, count = rows.length) {
  const width = sums.length;
  let k = 0;
  for (; k + 3 < count; k += 4) {
    const a = rows[k] * width, b = rows[k + 1] * width, c = rows[k + 2] * width, d = rows[k + 3] * width;
    const p = values[k], q = values[k + 1], r = values[k + 2], s = values[k + 3];
    for (let i = 0; i < width; i++) {
      sums[i] += p * kernel[a + i] + q * kernel[b + i] + r * kernel[c + i] + s * kernel[d + i];
    }
  }
  for (; k < count; k++) {
    const start = rows[k] * width;
    for (let i = 0; i < width; i++) sums[i] += values[k] * kernel[start + i];
  }
}

const ROWS = new Uint16Array(PIXELS);
const VALUES = new Float64Array(PIXELS);

/**
 * Add to sums what a layer's outputs bring, leaving out the zeros.
 * @param {Float64Array} sums @param {Float64Array} kernel @param {Float64Array} outputs
 */
export function addOutputs(sums, kernel, outputs) {
  let count = 0;
  for (let i = 0; i < outputs.length; i++) {
    if (outputs[i] === 0) continue;
    ROWS[count] = i;
    VALUES[count++] = outputs[i];
  }
  addRows(sums, kernel, ROWS, VALUES, count);
}

/**
 * Add value * steps to a row of the kernel.
 * @param {Float64Array} kernel @param {number} row @param {number} value @param {Float64Array} steps
 */
export function moveRow(kernel, row, value, steps) {
  const width = steps.length;
  let at = row * width;
  let i = 0;
  for (; i + 3 < width; i += 4, at += 4) { // a processor has more than one to do at a time
    kernel[at] += value * steps[i];
    kernel[at + 1] += value * steps[i + 1];
    kernel[at + 2] += value * steps[i + 2];
    kernel[at + 3] += value * steps[i + 3];
  }
  for (; i < width; i++, at++) kernel[at] += value * steps[i];
}
