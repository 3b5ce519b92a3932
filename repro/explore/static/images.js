// The digits that the page carries, and what a network gets of them.

export const PIXELS = 784;
export const SPARE = 3; // rows of a first kernel below those of the pixels: see `inputOf`

/**
 * Unpack images: each is a bit a pixel for where there is ink, then the inked grey levels.
 * @param {{labels: string, images: string, train: number}} packed images in base64 @returns {Digits}
 */
export function unpack(packed) {
  const text = atob(packed.images);
  const bytes = new Uint8Array(text.length);
  for (let k = 0; k < text.length; k++) bytes[k] = text.charCodeAt(k);
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

const AS_USUAL = { scale: 1, gain: 1, background: 0, low: 0, high: 1 };
/** @type {{key: string, inputs: Input[]}} what all networks of a job share */
const shared = { key: "", inputs: [] };

/**
 * Return a function that returns what a network gets of an image.
 * @param {Digits} digits
 * @param {Partial<typeof AS_USUAL>} how `scale` times the grey level, and `background`, is a pixel's value; its weights
 *   move `gain` times as fast; `low` and `high` are the targets
 */
export function inputsOf(digits, how) {
  const key = JSON.stringify(how);
  if (shared.key !== key) Object.assign(shared, { key, inputs: [] });
  const { inputs } = shared;
  return (/** @type {number} */ image) => {
    inputs[image] ??= inputOf(digits, image, { ...AS_USUAL, ...how });
    return inputs[image];
  };
}

/**
 * Return an image as its inked pixels. A background moves the weights of all pixels alike: this is kept apart, in a row
 * of the kernel that moves by it, and in one that has what the whole background brings.
 * @param {Digits} digits @param {number} image @param {typeof AS_USUAL} how @returns {Input}
 */
function inputOf({ grey, label }, image, { scale, gain, background, low, high }) {
  const pixels = [];
  for (let pixel = 0; pixel < PIXELS; pixel++) {
    if (grey[image * PIXELS + pixel] > 0) pixels.push(pixel);
  }
  const values = pixels.map((pixel) => scale * grey[image * PIXELS + pixel]);
  const sum = values.reduce((total, value) => total + value, 0);
  return {
    samples: 1,
    rows: Uint16Array.from([...pixels, PIXELS, PIXELS + 1, PIXELS + 2]),
    values: Float64Array.from([...values, sum, 1, 1]),
    moves: Float64Array.from([...values.map((v) => gain * v), background, background * (PIXELS * background + sum), 1]),
    target: Array.from({ length: 10 }, (_, digit) => (digit === label[image] ? high : low)),
  };
}
