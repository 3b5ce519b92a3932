// Thread 001: a 3-30-1 network on four random samples, trained with one ReLU'(0) and, beside it, with 0.
import { drawKernel, keep, Layer, makeInput, Network, portray } from "../network.js";
import { RandomState } from "../random.js";
import { FLAGS } from "../scene.js";

const [SAMPLES, INPUTS, HIDDEN] = [4, 3, 30];
/** @type {Record<string, number>} */
const DERIVATIVE = { zero: 0, half: 0.5, one: 1 };
/** @type {Start} */
export function reluAtZero(settings, seed) {
  const bits = Number(settings.precision.slice("float".length));
  const { input, first, second } = draw(settings, new RandomState(seed), bits);
  const how = { rate: keep(settings.learning_rate, bits), factor: 2, biased: false, bits };
  const [ours, zero] = [
    { atZero: keep(DERIVATIVE[settings.at_zero] ?? settings.at_zero, bits), assigned: settings.backward === "assign" },
    {},
  ].map((kink) => {
    const hidden = new Layer(first.slice(), HIDDEN, "relu", { ...kink, samples: SAMPLES });
    return new Network([hidden, new Layer(second.slice(), 1, "linear", { samples: SAMPLES })], how);
  });
  const [{ sums }] = ours.layers;
  const met = Array.from(sums, () => 0); // the last step with a zero, by unit and sample
  let loss = 0;
  return {
    step(step) {
      loss = ours.descend([input]);
      for (let k = 0; k < sums.length; k++) if (sums[k] === 0) met[k] = step + 1;
      zero.descend([input]);
    },
    look() {
      const value = distance(ours.layers[0].kernel, zero.layers[0].kernel);
      const flags = (met.some(Boolean) ? FLAGS.lit : 0) | (value > 0 ? FLAGS.differs : 0);
      const zeros = Array.from({ length: HIDDEN }, (_, j) => met.slice(j * SAMPLES, (j + 1) * SAMPLES));
      return { value, flags, detail: { ...portray(ours, [input], ["x1", "x2", "1"]), met: zeros, loss } };
    },
  };
}

/**
 * Draw data and weights in the thread's order, with its seed moved to the top.
 * @param {Settings} settings @param {RandomState} random @param {number} bits
 */
function draw({ inputs, bias }, random, bits) {
  const x = Array.from({ length: SAMPLES }, () => [...random.normals(INPUTS - 1), bias === "none" ? 0 : 1]);
  const y = random.normals(SAMPLES);
  let first = drawKernel(INPUTS, HIDDEN, () => random.normal());
  const second = drawKernel(HIDDEN, 1, () => random.normal()).map((value) => keep(value, bits));
  if (inputs === "zero_sample") x[0].fill(0, 0, INPUTS - 1);
  if (inputs === "integers") first = first.map(Math.round);
  if (bias === "zero_start") first.fill(0, (INPUTS - 1) * HIDDEN);
  const kept = x.map((row) => row.map((value) => keep(inputs === "integers" ? Math.round(value) : value, bits)));
  const target = [...y].map((value) => keep(value, bits));
  return { input: makeInput(kept, target), first: first.map((value) => keep(value, bits)), second };
}

/**
 * Return the length of the difference as a share of the reference's.
 * @param {Float64Array} ours @param {Float64Array} zero
 */
function distance(ours, zero) {
  const apart = ours.reduce((sum, weight, k) => sum + (weight - zero[k]) ** 2, 0);
  return Math.sqrt(apart / zero.reduce((sum, weight) => sum + weight ** 2, 0));
}
