// Dense networks on images: what the two scenes on digits share.
import { PIXELS } from "./digits.js";
import { activate, DEAD, derivative, kindOf, percent, RELU } from "./scene.js";

/**
 * @typedef {{kind: number, kernel: Float64Array, bias: Float64Array, gain: number, out: Float64Array,
 *   steps: Float64Array, back: Float64Array, errors: Float64Array}} Layer kernel by inputs; its rate is `gain` times
 *   that of the bias
 *
 * @typedef {object} Network
 * @property {Layer[]} layers
 * @property {number} slope of leaky ReLU
 * @property {boolean} [softmax] of the last layer's sums
 * @property {Background} [background]
 *
 * @typedef {{input: number, shift: Float64Array, total: Float64Array}} Background what a pixel without ink has for an
 *   input. It moves all rows of the first layer alike, which is kept apart in `shift`; `total` is the sum of the rows.
 */

/** What both scenes are, but for what they train. */
export const ON_DIGITS = {
  wave: 4,
  seeds: [20, 10, 50, 100],
  axis: { label: "test accuracy", low: 0, high: 1, ticks: [0, 0.2, 0.4, 0.6, 0.8, 1], show: percent },
  marks: () => [{ at: 0.1, label: "guessing" }],
};

/**
 * @param {Float64Array} kernel @param {number} units @param {string} activation @param {number} [gain]
 * @returns {Layer}
 */
export function dense(kernel, units, activation, gain = 1) {
  const [bias, out, steps, back, errors] = Array.from({ length: 5 }, () => new Float64Array(units));
  return { kind: kindOf(activation), kernel, bias, gain, out, steps, back, errors };
}

/** @param {Layer} first @param {number} input of a pixel without ink @returns {Background} */
export function backgroundOf({ kernel, out }, input) {
  const total = new Float64Array(out.length);
  addOutputs(total, kernel, new Float64Array(PIXELS).fill(1));
  return { input, shift: new Float64Array(out.length), total };
}

/** @param {Network} network @param {Ink} image */
export function forward({ layers, slope, softmax, background }, { pixels, values, sum }) {
  layers.forEach(({ kind, kernel, bias, out }, depth) => {
    out.set(bias);
    if (depth > 0) {
      addOutputs(out, kernel, layers[depth - 1].out);
    } else {
      if (background) {
        const { input, shift, total } = background;
        for (let j = 0; j < out.length; j++) out[j] += input * total[j] + sum * shift[j];
      }
      addRows(out, kernel, pixels, values);
    }
    for (let j = 0; j < out.length; j++) out[j] = activate(kind, out[j], slope);
  });
  if (softmax) toShares(layers[layers.length - 1].out);
}

/** @param {Float64Array} sums replaced by their softmax */
function toShares(sums) {
  const highest = sums[argmax(sums)];
  let total = 0;
  for (let c = 0; c < sums.length; c++) total += sums[c] = Math.exp(sums[c] - highest);
  for (let c = 0; c < sums.length; c++) sums[c] /= total;
}

/**
 * Pass the last layer's errors back; fill in each layer's steps.
 * @param {Network} network @param {number[]} rates of the layers
 * @param {(depth: number) => boolean} carries whether a layer's own derivative is in what it passes on
 */
export function backward({ layers, slope }, rates, carries = () => true) {
  for (let depth = layers.length - 1; depth >= 0; depth--) {
    const { kind, kernel, out, steps, back, errors } = layers[depth];
    const carried = carries(depth);
    for (let j = 0; j < out.length; j++) {
      const moved = errors[j] * derivative(kind, out[j], slope);
      steps[j] = rates[depth] * moved;
      back[j] = carried ? moved : errors[j];
    }
    if (depth > 0) passBack(kernel, back, layers[depth - 1].errors);
  }
}

/** @param {Float64Array} kernel @param {Float64Array} back @param {Float64Array} errors of the layer below */
function passBack(kernel, back, errors) {
  const units = back.length;
  for (let i = 0; i < errors.length; i++) {
    let error = 0;
    for (let j = 0; j < units; j++) error += kernel[i * units + j] * back[j];
    errors[i] = error;
  }
}

/**
 * Take the steps of an image.
 * @param {Network} network @param {Ink} image
 * @param {{steps: Float64Array, out: Float64Array}[]} taken steps and outputs of each layer
 * @param {boolean} biased the biases move, too
 */
export function move({ layers, background }, { pixels, values, sum }, taken, biased) {
  layers.forEach(({ kernel, bias, gain }, depth) => {
    const { steps } = taken[depth];
    if (steps.every((step) => step === 0)) return;
    if (biased) moveRow(bias, 0, 1, steps);
    if (depth > 0) {
      const inputs = taken[depth - 1].out;
      for (let i = 0; i < inputs.length; i++) if (inputs[i] !== 0) moveRow(kernel, i, gain * inputs[i], steps);
      return;
    }
    for (let k = 0; k < pixels.length; k++) moveRow(kernel, pixels[k], gain * values[k], steps);
    if (!background) return;
    moveRow(background.shift, 0, background.input, steps);
    moveRow(background.total, 0, PIXELS * background.input + sum, steps);
  });
}

/**
 * Test a network: the share of digits that it gets right, which units react to any image, and which images meet a
 * ReLU layer of which no unit does.
 * @param {Network} network @param {Ink[]} ink @param {Digits} digits @param {boolean} detail
 * @param {object} study how it judges
 * @param {(layer: Layer, value: number) => boolean} study.reacts whether a unit with this value does
 * @param {(reactions: Uint8Array[]) => boolean} study.isLost
 * @returns {Snapshot}
 */
export function test(network, ink, digits, detail, { reacts, isLost }) {
  const { layers } = network;
  const hidden = layers.slice(0, -1);
  const last = layers[layers.length - 1].out;
  const reactions = layers.map(({ out }) => new Uint8Array(out.length));
  const silent = [];
  let right = 0;
  for (let image = digits.train; image < ink.length; image++) {
    forward(network, ink[image]);
    right += argmax(last) === digits.label[image] ? 1 : 0;
    layers.forEach((layer, depth) => layer.out.forEach((value, j) => {
      if (reacts(layer, value)) reactions[depth][j] = 1;
    }));
    silent.push(hidden.some(({ kind, out }) => kind === RELU && out.every((value) => value <= 0)));
  }
  const finite = last.every(Number.isFinite);
  const snapshot = { value: finite ? right / silent.length : NaN, flags: isLost(reactions) || !finite ? DEAD : 0 };
  return detail ? { ...snapshot, detail: { cells: reactions.slice(0, -1), silent } } : snapshot;
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
