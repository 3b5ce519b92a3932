// The digits that the page carries, and what a network gets of them.

export const PIXELS = 784;
export const SPARE = 3; // rows of a first kernel below those of the pixels: see `inkOf`

/**
 * Unpack images: each is a bit a pixel for where there is ink, then the inked grey levels.
 * @param {{labels: string, images: string, train: number}} packed images in base64 @returns {Digits}
 */
export function unpack(packed) {
  const text = atob(packed.images);
  const label = Uint8Array.from(packed.labels, Number);
  const grey = new Uint8Array(label.length * PIXELS);
  for (let image = 0, start = 0; image < label.length; image++) {
    let ink = start + PIXELS / 8;
    for (let pixel = 0; pixel < PIXELS; pixel++) {
      const isInked = text.charCodeAt(start + (pixel >> 3)) & (128 >> (pixel & 7));
      if (isInked) grey[image * PIXELS + pixel] = text.charCodeAt(ink++);
    }
    start = ink;
  }
  return { grey, label, train: packed.train };
}

/** @typedef {{scale: number, gain?: number, background?: number, low?: number, high?: number}} Scaling */
let shared = { key: "", ink: /** @type {any} */ (undefined) }; // by all networks of a job

/**
 * Return what a network gets of the images.
 * @param {Digits} digits
 * @param {Scaling} how `scale` times the grey level, and `background`, is a pixel's value; its weights
 *   move `gain` times as fast; `low` and `high` are the targets
 * @returns {Input}
 */
export function inkOf(digits, how) {
  const key = JSON.stringify(how);
  if (shared.key !== key) shared = { key, ink: gather(digits, how) };
  return shared.ink;
}

/**
 * Return the images' inked pixels. A background moves the weights of all pixels alike: this is kept apart, in a row of
 * the kernel that moves by it, and in one that has what the whole background brings.
 * @param {Digits} digits @param {Scaling} how @returns {Input}
 */
function gather({ grey, label }, { scale, gain = 1, background = 0, low = 0, high = 1 }) {
  /** @type {number[][]} */
  const [starts, rows, values, moves] = [[0], [], [], []];
  for (let image = 0; image < label.length; image++) {
    let sum = 0;
    for (let pixel = 0; pixel < PIXELS; pixel++) {
      const value = scale * grey[image * PIXELS + pixel];
      if (value === 0) continue;
      rows.push(pixel);
      values.push(value);
      moves.push(gain * value);
      sum += value;
    }
    rows.push(PIXELS, PIXELS + 1, PIXELS + 2);
    values.push(sum, 1, 1);
    moves.push(background, background * (PIXELS * background + sum), 1);
    starts.push(rows.length);
  }
  return {
    starts: new Uint32Array(starts),
    rows: new Uint16Array(rows),
    values: new Float64Array(values),
    moves: new Float64Array(moves),
    target: new Float64Array(10 * label.length).map((_, k) => (label[Math.floor(k / 10)] === k % 10 ? high : low)),
  };
}
