// Thread 001: a 3-30-1 network on four random samples, trained with one ReLU'(0) and, beside it, with 0.
import { drawKernel, Layer, makeInput, Network, portray } from "../network.js";
import { RandomState } from "../random.js";
import { FLAGS } from "../scene.js";

const [SAMPLES, INPUTS, HIDDEN] = [4, 3, 30];
/** @type {Record<string, number>} */
const DERIVATIVE = { zero: 0, half: 0.5, one: 1 };
/** How each operation is rounded, and each result: half precision adds up in single precision, as numpy. */
const ROUNDING = {
  float64: { round: undefined, keep: (/** @type {number} */ value) => value },
  float32: { round: Math.fround, keep: Math.fround },
  float16: { round: Math.fround, keep: (/** @type {number} */ value) => Math.f16round(Math.fround(value)) },
};

/** @type {Start} */
export function reluAtZero(settings, seed) {
  const { round, keep } = ROUNDING[/** @type {keyof typeof ROUNDING} */ (settings.precision)];
  const { samples, first, second } = draw(settings, new RandomState(seed), keep);
  const how = {
    rate: keep(settings.learning_rate),
    factor: 2,
    biased: false,
    round,
    keep: (/** @type {Float64Array} */ results) => {
      for (let k = 0; round && k < results.length; k++) results[k] = keep(results[k]);
    },
  };
  const [ours, zero] = [
    { atZero: keep(DERIVATIVE[settings.at_zero] ?? settings.at_zero), assigned: settings.backward === "assign" },
    {},
  ].map(
    (kink) =>
      new Network([new Layer(first.slice(), HIDDEN, "relu", kink), new Layer(second.slice(), 1, "linear")], how),
  );
  const [{ sums }] = ours.layers;
  const met = Array.from({ length: HIDDEN }, () => Array(SAMPLES).fill(0)); // the last step with a zero
  let loss = 0;
  return {
    step(step) {
      loss = ours.descend(samples, (n) => {
        for (let j = 0; j < HIDDEN; j++) if (sums[j] === 0) met[j][n] = step + 1;
      });
      zero.descend(samples);
    },
    look() {
      const value = distance(ours.layers[0].kernel, zero.layers[0].kernel);
      const flags = (met.flat().some(Boolean) ? FLAGS.lit : 0) | (value > 0 ? FLAGS.differs : 0);
      const zeros = met.map((steps) => [...steps]);
      return { value, flags, detail: { ...portray(ours, samples, ["x1", "x2", "1"]), met: zeros, loss } };
    },
  };
}

/**
 * Draw data and weights in the thread's order, with its seed moved to the top.
 * @param {Settings} settings @param {RandomState} random @param {(value: number) => number} keep
 */
function draw({ inputs, bias }, random, keep) {
  const x = Array.from({ length: SAMPLES }, () => [...random.normals(INPUTS - 1), bias === "none" ? 0 : 1]);
  const y = random.normals(SAMPLES);
  let first = drawKernel(INPUTS, HIDDEN, () => random.normal());
  const second = drawKernel(HIDDEN, 1, () => random.normal()).map(keep);
  if (inputs === "zero_sample") x[0].fill(0, 0, INPUTS - 1);
  if (inputs === "integers") first = first.map(Math.round);
  if (bias === "zero_start") first.fill(0, (INPUTS - 1) * HIDDEN);
  const kept = x.map((row) => row.map((value) => keep(inputs === "integers" ? Math.round(value) : value)));
  const samples = kept.map((row, n) => makeInput(row, [keep(y[n])]));
  return { samples, first: first.map(keep), second };
}

/**
 * Return the length of the difference as a share of the reference's.
 * @param {Float64Array} ours @param {Float64Array} zero
 */
function distance(ours, zero) {
  const apart = ours.reduce((sum, weight, k) => sum + (weight - zero[k]) ** 2, 0);
  return Math.sqrt(apart / zero.reduce((sum, weight) => sum + weight ** 2, 0));
}
