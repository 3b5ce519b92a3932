// Thread 001: a 3-30-1 network on four random samples, trained with one ReLU'(0) and, beside it, with 0.
import { RandomState } from "../random.js";
import { DIFFERS, having, LIT, outOf, power, rising } from "../scene.js";
/** @import { Scene, Settings } from "../scene.js" */

const [SAMPLES, INPUTS, HIDDEN] = [4, 3, 30];
/** @type {Record<string, number>} */
const DERIVATIVE = { zero: 0, half: 0.5, one: 1 };
/** @type {Record<string, string>} */
const fraction = { zero: "0", half: "1/2", one: "1" };
/** @type {Record<string, string>} */
const place = { multiply: "multiplies the gradient", assign: "takes its place" };

/** @typedef {{x: Float64Array[], y: Float64Array, w1: Float64Array[], w2: Float64Array}} Network x and w1 by inputs */

/** @type {Scene} */
export const reluAtZero = {
  name: "relu_at_zero",
  title: "ReLU at zero",
  hint: "Two networks a seed, equal but for the derivative at zero. Do their weights ever differ?",
  controls: [
    { name: "at_zero", label: "Derivative at 0", values: ["zero", "half", "one"], show: (v) => fraction[v], slides: true },
    { name: "precision", label: "Precision", values: ["float64", "float32"] },
    { name: "inputs", label: "Inputs", values: ["gaussian", "zero_sample", "integers"] },
    { name: "bias", label: "Bias", values: ["column", "zero_start", "none"] },
    { name: "backward", label: "The derivative", values: ["multiply", "assign"], show: (v) => place[v] },
    { name: "steps", label: "Steps", values: [1, 20, 200, 2000, 20000] },
  ],
  settings: {},
  horizon: "steps",
  unit: "step",
  smaller: [],
  wave: 1000,
  seeds: [100, 20, 200, 500, 1000],
  axis: {
    label: "how far the first layer's weights are apart, as a share of their length",
    low: 1e-9, high: 10, ticks: [1e-8, 1e-6, 1e-4, 1e-2, 1], log: true, none: "the same", show: power,
  },
  states: [{ flag: LIT, label: "met an exact zero" }],
  alive: "met none",
  marks: () => [],
  tell: (snapshots) => `${outOf(having(snapshots, LIT), snapshots.length)} networks have met an exact zero. `
    + `${having(snapshots, DIFFERS)} have other weights than with the derivative 0.`,
  steps: (settings) => [0, ...rising(settings.steps)],
  *train(settings, seed, detail) {
    const round = settings.precision === "float32" ? Math.fround : (/** @type {number} */ v) => v;
    const [ours, zero] = [0, 1].map(() => draw(settings, new RandomState(seed), round));
    const met = Array.from({ length: HIDDEN }, () => new Uint32Array(SAMPLES));
    const rate = round(settings.learning_rate ?? 0.002);
    const backward = settings.backward === "assign";
    let [count, step] = [0, 0];
    const look = () => {
      const value = distance(ours.w1, zero.w1);
      const flags = (count ? LIT : 0) | (value > 0 ? DIFFERS : 0);
      if (!detail) return { value, flags };
      const layers = [unitsOf(ours), [[...ours.w2]]];
      const zeros = met.map((samples) => [...samples]);
      return { value, flags, detail: { inputs: ["x1", "x2", "1"], layers, dead: [], met: zeros, loss: ours.loss } };
    };
    yield look();
    for (const stop of rising(settings.steps)) {
      for (; step < stop; step++) {
        count += descend(ours, rate, DERIVATIVE[settings.at_zero], backward, round, met, step + 1);
        descend(zero, rate, 0, false, round, null, step + 1);
      }
      yield look();
    }
  },
};

/**
 * Draw data and weights in the thread's order, with its seed moved to the top.
 * @param {Settings} settings @param {RandomState} random @param {(value: number) => number} round
 */
function draw({ inputs, bias }, random, round) {
  const rows = Array.from({ length: SAMPLES }, () => random.normals(INPUTS - 1));
  const y = random.normals(SAMPLES);
  const w1 = Array.from({ length: INPUTS }, () => random.normals(HIDDEN));
  const w2 = random.normals(HIDDEN);
  if (inputs === "zero_sample") rows[0].fill(0);
  const whole = (/** @type {Float64Array} */ row) => row.forEach((v, i) => { row[i] = Math.round(v); });
  if (inputs === "integers") [...rows, ...w1].forEach(whole);
  if (bias === "zero_start") w1[INPUTS - 1].fill(0);
  const one = bias === "none" ? 0 : 1;
  const x = [0, 1, 2].map((i) => Float64Array.from(rows, (row) => (i < INPUTS - 1 ? row[i] : one)));
  const rounded = (/** @type {Float64Array} */ row) => row.map(round);
  return { x: x.map(rounded), y: rounded(y), w1: w1.map(rounded), w2: rounded(w2), loss: 0 };
}

const H = Array.from({ length: HIDDEN }, () => new Float64Array(SAMPLES));
const ERROR = new Float64Array(SAMPLES);
const BACK = new Float64Array(SAMPLES);

/**
 * Take one step; return how many hidden inputs were exactly zero. Sums run from left to right.
 * @param {Network & {loss: number}} network @param {number} rate @param {number} atZero
 * @param {boolean} assigned the derivative takes the gradient's place
 * @param {(value: number) => number} round after each operation
 * @param {Uint32Array[] | null} met the last step with a zero, by unit and sample @param {number} step
 */
function descend(network, rate, atZero, assigned, round, met, step) {
  const { x, y, w1, w2 } = network;
  let zeros = 0;
  ERROR.fill(0);
  for (let j = 0; j < HIDDEN; j++) {
    for (let n = 0; n < SAMPLES; n++) {
      let sum = round(x[0][n] * w1[0][j]);
      for (let i = 1; i < INPUTS; i++) sum = round(sum + round(x[i][n] * w1[i][j]));
      H[j][n] = sum;
      if (sum === 0) {
        zeros++;
        if (met) met[j][n] = step;
      }
      ERROR[n] = round(ERROR[n] + round(Math.max(sum, 0) * w2[j]));
    }
  }
  network.loss = 0;
  for (let n = 0; n < SAMPLES; n++) {
    const error = round(ERROR[n] - y[n]);
    network.loss = round(network.loss + round(error * error));
    ERROR[n] = round(2 * error);
  }
  for (let j = 0; j < HIDDEN; j++) {
    let total = 0;
    for (let n = 0; n < SAMPLES; n++) {
      const grad = round(ERROR[n] * w2[j]);
      const atKink = assigned ? atZero : round(atZero * grad);
      BACK[n] = H[j][n] > 0 ? grad : H[j][n] === 0 ? atKink : 0;
      const term = round(Math.max(H[j][n], 0) * ERROR[n]);
      total = n ? round(total + term) : term;
    }
    w2[j] = round(w2[j] - round(rate * total));
    for (let i = 0; i < INPUTS; i++) {
      for (let n = 0; n < SAMPLES; n++) {
        const term = round(x[i][n] * BACK[n]);
        total = n ? round(total + term) : term;
      }
      w1[i][j] = round(w1[i][j] - round(rate * total));
    }
  }
  return zeros;
}

/**
 * Return the length of the difference as a share of the reference's.
 * @param {Float64Array[]} ours @param {Float64Array[]} zero
 */
function distance(ours, zero) {
  let [apart, length] = [0, 0];
  ours.forEach((row, i) => row.forEach((w, j) => {
    apart += (w - zero[i][j]) ** 2;
    length += zero[i][j] ** 2;
  }));
  return Math.sqrt(apart / length);
}

/** @param {Network} network */
const unitsOf = ({ w1 }) => Array.from({ length: HIDDEN }, (_, j) => w1.map((row) => row[j]));
