// Thread 001: a 3-30-1 network on four random samples, trained with one ReLU'(0) and, beside it, with 0.
import { RandomState } from "../random.js";
import { DIFFERS, having, LIT, outOf, power, rising } from "../scene.js";

const [SAMPLES, INPUTS, HIDDEN] = [4, 3, 30];
/** Round to half precision, where the browser can. */
const half = /** @type {((value: number) => number) | undefined} */ (Math.f16round);

/** @type {Record<string, number>} */
const DERIVATIVE = { zero: 0, half: 0.5, one: 1 };
/** @type {Record<string, string>} */
const FRACTION = { zero: "0", half: "1/2", one: "1" };
// the experiment names three derivatives; the page has every hundredth
const DERIVATIVES = Array.from({ length: 101 }, (_, i) => ({ 0: "zero", 50: "half", 100: "one" })[i] ?? i / 100);
/** @type {Record<string, string>} */
const place = { multiply: "multiplies the gradient", assign: "takes its place" };

/** @typedef {{x: Float64Array[], columns: Float64Array[], y: Float64Array, w1: Float64Array[], w2: Float64Array,
 *   loss: number}} Network x by samples, its columns by inputs, w1 by units */

/** @type {Scene} */
export const reluAtZero = {
  name: "relu_at_zero",
  hint: "Two networks a seed, equal but for the derivative at zero. Do their weights ever differ?",
  controls: [
    {
      name: "at_zero", label: "Derivative at 0", values: DERIVATIVES, show: (v) => FRACTION[v] ?? `${v}`,
      marked: ["zero", "half", "one"],
    },
    { name: "precision", label: "Precision", values: ["float64", "float32", ...(half ? ["float16"] : [])] },
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
    label: "relative difference of the first layers' weights",
    low: 1e-9, high: 10, ticks: [1e-8, 1e-6, 1e-4, 1e-2, 1], log: true, none: "the same", show: power,
  },
  states: [{ flag: LIT, label: "met an exact zero" }],
  alive: "met none",
  marks: () => [],
  tell: (snapshots) => `${outOf(having(snapshots, LIT), snapshots.length)} networks have met an exact zero. `
    + `${having(snapshots, DIFFERS)} have other weights than with the derivative 0.`,
  beyond: ({ at_zero: value }) => (typeof value === "string" ? undefined : {
    python: "from repro.relu_at_zero import posted\n\n"
      + `posted.DERIVATIVE[${value}] = ${value}  # the study has 0, 1/2 and 1\n`,
    remark: `# The study's at_zero is zero, half or one; ${value} needs the line of Python that stands above.\n`,
  }),
  steps: (settings) => [0, ...rising(settings.steps)],
  *train(settings, seed, detail) {
    const { round, keep } = arithmetic(settings.precision);
    const [ours, zero] = [0, 1].map(() => draw(settings, new RandomState(seed), keep));
    const met = Array.from({ length: HIDDEN }, () => new Uint32Array(SAMPLES));
    const rate = keep(settings.learning_rate);
    const atZero = keep(DERIVATIVE[settings.at_zero] ?? settings.at_zero);
    const assigned = settings.backward === "assign";
    let [count, step] = [0, 0];
    const look = () => {
      const value = distance(ours.w1, zero.w1);
      const flags = (count ? LIT : 0) | (value > 0 ? DIFFERS : 0);
      if (!detail) return { value, flags };
      const layers = [ours.w1.map((unit) => [...unit]), [[...ours.w2]]];
      const zeros = met.map((samples) => [...samples]);
      return { value, flags, detail: { inputs: ["x1", "x2", "1"], layers, dead: [], met: zeros, loss: ours.loss } };
    };
    yield look();
    for (const stop of rising(settings.steps)) {
      for (; step < stop; step++) {
        count += descend(ours, { rate, atZero, assigned, round, keep, met, step: step + 1 });
        descend(zero, { rate, atZero: 0, assigned: false, round, keep });
      }
      yield look();
    }
  },
};

/**
 * Draw data and weights in the thread's order, with its seed moved to the top.
 * @param {Settings} settings @param {RandomState} random @param {(value: number) => number} keep
 */
function draw({ inputs, bias }, random, keep) {
  const x = Array.from({ length: SAMPLES }, () => [...random.normals(INPUTS - 1), bias === "none" ? 0 : 1]);
  const y = random.normals(SAMPLES).map(keep);
  const drawn = Array.from({ length: INPUTS }, () => random.normals(HIDDEN));
  const w2 = random.normals(HIDDEN).map(keep);
  if (inputs === "zero_sample") x[0].fill(0, 0, INPUTS - 1);
  if (inputs === "integers") [...x, ...drawn].forEach((row) => row.forEach((v, i) => { row[i] = Math.round(v); }));
  if (bias === "zero_start") drawn[INPUTS - 1].fill(0);
  const kept = (/** @type {ArrayLike<number>} */ row) => Float64Array.from(row, keep);
  const columns = [0, 1, 2].map((i) => kept(x.map((row) => row[i])));
  const w1 = Array.from({ length: HIDDEN }, (_, j) => kept(drawn.map((row) => row[j])));
  return { x: x.map(kept), columns, y, w1, w2, loss: 0 };
}

/**
 * Return how each operation rounds, and how each result does: half precision adds up in single precision, as numpy.
 * @param {string} precision
 */
function arithmetic(precision) {
  const round = precision === "float64" ? (/** @type {number} */ v) => v : Math.fround;
  return { round, keep: precision === "float16" && half ? (/** @type {number} */ v) => half(round(v)) : round };
}

const units = () => Array.from({ length: HIDDEN }, () => new Float64Array(SAMPLES));
const [SUMS, OUT] = [units(), units()];
const OUT_OF_SAMPLE = Array.from({ length: SAMPLES }, () => new Float64Array(HIDDEN));
const [ERROR, SQUARE, BACK] = units();
const ONES = new Float64Array(SAMPLES).fill(1);

/**
 * Take one step; return how many hidden inputs were exactly zero.
 * @param {Network} network
 * @param {object} how
 * @param {number} how.rate @param {number} how.atZero ReLU's derivative there
 * @param {boolean} how.assigned it takes the gradient's place
 * @param {(value: number) => number} how.round an operation @param {(value: number) => number} how.keep a result
 * @param {Uint32Array[]} [how.met] the last step with a zero, by unit and sample @param {number} [how.step]
 */
function descend(network, { rate, atZero, assigned, round, keep, met, step = 0 }) {
  const { x, columns, y, w1, w2 } = network;
  let zeros = 0;
  for (let j = 0; j < HIDDEN; j++) {
    for (let n = 0; n < SAMPLES; n++) {
      const sum = keep(product(x[n], w1[j], round));
      SUMS[j][n] = sum;
      OUT[j][n] = OUT_OF_SAMPLE[n][j] = Math.max(sum, 0);
      if (sum !== 0) continue;
      zeros++;
      if (met) met[j][n] = step;
    }
  }
  for (let n = 0; n < SAMPLES; n++) {
    const error = keep(keep(product(OUT_OF_SAMPLE[n], w2, round)) - y[n]);
    SQUARE[n] = keep(error * error);
    ERROR[n] = 2 * error;
  }
  network.loss = keep(product(SQUARE, ONES, round));
  for (let j = 0; j < HIDDEN; j++) {
    for (let n = 0; n < SAMPLES; n++) {
      const grad = keep(ERROR[n] * w2[j]);
      const atKink = assigned ? atZero : keep(atZero * grad);
      BACK[n] = SUMS[j][n] > 0 ? grad : SUMS[j][n] === 0 ? atKink : 0;
    }
    w2[j] = keep(w2[j] - keep(rate * keep(product(OUT[j], ERROR, round))));
    for (let i = 0; i < INPUTS; i++) w1[j][i] = keep(w1[j][i] - keep(rate * keep(product(columns[i], BACK, round))));
  }
  return zeros;
}

/**
 * Return the sum of products, from left to right.
 * @param {Float64Array} a @param {Float64Array} b @param {(value: number) => number} round
 */
function product(a, b, round) {
  let sum = round(a[0] * b[0]);
  for (let i = 1; i < a.length; i++) sum = round(sum + round(a[i] * b[i]));
  return sum;
}

/**
 * Return the length of the difference as a share of the reference's.
 * @param {Float64Array[]} ours @param {Float64Array[]} zero
 */
function distance(ours, zero) {
  let [apart, length] = [0, 0];
  ours.forEach((row, j) => row.forEach((w, i) => {
    apart += (w - zero[j][i]) ** 2;
    length += zero[j][i] ** 2;
  }));
  return Math.sqrt(apart / length);
}
