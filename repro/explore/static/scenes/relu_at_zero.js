// Thread 001: a 3-30-1 network on four random samples, trained with one ReLU'(0) and, beside it, with 0.
import { count, drawKernel, inputOf, keep, makeLayer, Network, portray } from "../network.js";
import { RandomState } from "../random.js";
import { FLAGS } from "../scene.js";

const [SAMPLES, INPUTS, HIDDEN] = [4, 3, 30];
const ALL = count(SAMPLES);
/** @type {Record<string, number>} */
const DERIVATIVE = { zero: 0, half: 0.5, one: 1 };

/** @type {Start} */
export function relu_at_zero(settings, seed) {
  const single = settings.precision === "float32";
  const { input, first, second } = draw(settings, new RandomState(seed));
  const atZero = keep(DERIVATIVE[settings.at_zero] ?? settings.at_zero, single);
  const how = { rate: keep(settings.learning_rate, single), factor: 2, biased: false, single };
  const [ours, zero] = [atZero, 0].map((atZero) => {
    const hidden = makeLayer(first.slice(), HIDDEN, "relu", { atZero, samples: SAMPLES });
    return new Network([hidden, makeLayer(second.slice(), 1, "linear", { samples: SAMPLES })], how);
  });
  const lit = Array(HIDDEN).fill(false); // units that have met a zero
  let loss = 0;
  return {
    step() {
      loss = ours.descend(input, ALL);
      zero.descend(input, ALL);
      const { sums } = ours.layers[0];
      for (let k = 0; k < sums.length; k++) if (sums[k] === 0) lit[k % HIDDEN] = true;
    },
    look() {
      const value = distance(ours.layers[0].kernel, zero.layers[0].kernel);
      const flags = (lit.includes(true) ? FLAGS.lit : 0) | (value > 0 ? FLAGS.differs : 0);
      return { value, flags, detail: { ...portray(ours, input, ALL, ["x1", "x2", "1"]), lit: [[...lit]], loss } };
    },
  };
}

/**
 * Draw data and weights in the thread's order, with its seed moved to the top.
 * @param {Settings} settings @param {RandomState} random
 */
function draw({ inputs, bias, precision }, random) {
  const single = precision === "float32";
  const round = (/** @type {number} */ value) => (inputs === "integers" ? Math.round(value) : keep(value, single));
  const one = bias === "none" ? 0 : 1;
  const x = Array.from({ length: SAMPLES }, () => [...random.normals(INPUTS - 1), one].map(round));
  const target = [...random.normals(SAMPLES)].map((value) => keep(value, single));
  const first = drawKernel(INPUTS, HIDDEN, () => round(random.normal()));
  const second = drawKernel(HIDDEN, 1, () => keep(random.normal(), single));
  if (inputs === "zero_sample") x[0].fill(0, 0, INPUTS - 1);
  if (bias === "zero_start") first.fill(0, (INPUTS - 1) * HIDDEN);
  return { input: inputOf(x, target), first, second };
}

/**
 * Return the length of the difference as a share of the reference's.
 * @param {Float64Array} ours @param {Float64Array} zero
 */
function distance(ours, zero) {
  const apart = ours.reduce((sum, weight, k) => sum + (weight - zero[k]) ** 2, 0);
  return Math.sqrt(apart / zero.reduce((sum, weight) => sum + weight ** 2, 0));
}
