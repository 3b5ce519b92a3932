// Thread 002: a 784-100-10 network with softmax and cross-entropy, gradient descent in batches of 100.
import { addOutputs, addRows, argmax, inked, moveRow, PIXELS } from "../digits.js";
import { dataOrder, RandomState } from "../random.js";
import { activate, DEAD, derivative, having, kindOf, outOf, percent } from "../scene.js";
/** @import { Digits, Ink } from "../digits.js" */
/** @import { Scene, Settings } from "../scene.js" */

const CLASSES = 10;
const STEPS = [0, 1, 2, 3, 5, 7, 12, 20, 30, 50, 70, 100, 150, 200, 300, 400, 500];

/** @typedef {{kernel: Float64Array, bias: Float64Array, out: Float64Array}} Layer kernel by inputs
 * @typedef {{hidden: Layer, output: Layer}} Network */

const fraction = (/** @type {number} */ value) =>
  value < 1 ? `1/${Math.round(1 / value).toLocaleString("en")}` : value.toLocaleString("en");

/** @type {Scene} */
export const mnistRelu = {
  name: "mnist_relu",
  title: "Digits on raw pixels",
  hint: "Pixels of 0 to 255 make the first steps too long. Watch the hidden units go dark, and images fall silent.",
  controls: [
    { name: "input_scale", label: "Factor on the pixels", values: [1 / 255, 1 / 64, 1 / 16, 1 / 4, 1], show: fraction },
    { name: "learning_rate", label: "Learning rate", values: [1e-7, 1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 1e-2, 1e-1, 1] },
    { name: "hidden_activation", label: "Hidden activation", values: ["relu", "sigmoid", "tanh"] },
    { name: "first_layer_rate", label: "First layer’s rate, times", values: [1 / 65025, 1, 65025], show: fraction },
    { name: "first_layer_init", label: "First layer’s initial weights, times", values: [1, 255] },
    { name: "hidden_units", label: "Hidden units", values: [11, 100] },
    { name: "epochs", label: "Passes over the images", values: [3, 15, 50] },
  ],
  settings: { hidden_activation: "relu", batch_size: 100 },
  horizon: "epochs",
  unit: "step",
  wave: 4,
  seeds: [20, 10, 50, 100],
  axis: { label: "test accuracy", low: 0, high: 1, ticks: [0, 0.2, 0.4, 0.6, 0.8, 1], show: percent },
  states: [{ flag: DEAD, label: "more than half of its units are dead" }],
  alive: "most units alive",
  marks: () => [{ at: 0.1, label: "guessing" }],
  tell(snapshots) {
    const right = snapshots.reduce((sum, { value }) => sum + (value || 0), 0) / (snapshots.length || 1);
    return `${percent(right)} of the digits are right, on average. `
      + `${outOf(having(snapshots, DEAD), snapshots.length)} networks have lost more than half of their units.`;
  },
  digits: "Here a network learns 1,000 images, 10 steps a pass, and is tested on 200; in the study it learns 60,000, "
    + "600 steps a pass, and is tested on 10,000.",
  other: "It has another draw of its weights, by Keras, and learns more images.",
  smaller: [],
  grid: { name: "scale_by_rate", x: "input_scale", y: "learning_rate" },
  steps: ({ epochs }) => STEPS.filter((step) => step <= 10 * epochs),
  beside: (settings) => ({ ...settings, hidden_activation: "sigmoid" }),
  *train(settings, seed, detail, digits) {
    const ink = inked(digits, settings.input_scale);
    const network = draw(settings, new RandomState(seed));
    const size = settings.batch_size;
    let [step, order] = [0, new Uint32Array()];
    for (const stop of this.steps(settings)) {
      for (; step < stop; step++) {
        const start = (step * size) % digits.train;
        if (start === 0) order = dataOrder(seed, (step * size) / digits.train + 1, digits.train);
        learn(settings, network, [...order.subarray(start, start + size)], ink, digits.label);
      }
      yield test(settings, network, ink, digits, detail);
    }
  },
};

/** @param {Settings} settings @param {RandomState} random @returns {Network} */
function draw(settings, random) {
  const layer = (/** @type {number} */ inputs, /** @type {number} */ units, /** @type {number} */ factor) => {
    const limit = Math.sqrt(6 / (inputs + units));
    const kernel = Float64Array.from({ length: inputs * units }, () => factor * random.uniform(-limit, limit));
    return { kernel, bias: new Float64Array(units), out: new Float64Array(units) };
  };
  const units = settings.hidden_units;
  return { hidden: layer(PIXELS, units, settings.first_layer_init), output: layer(units, CLASSES, 1) };
}

/** @param {Settings} settings @param {Network} network @param {Ink} image */
function forward(settings, { hidden, output }, { pixels, values }) {
  const kind = kindOf(settings.hidden_activation);
  hidden.out.set(hidden.bias);
  addRows(hidden.out, hidden.kernel, pixels, values);
  for (let j = 0; j < hidden.out.length; j++) hidden.out[j] = activate(kind, hidden.out[j], settings.leaky_slope);
  output.out.set(output.bias);
  addOutputs(output.out, output.kernel, hidden.out);
  softmax(output.out);
}

/** @param {Float64Array} sums replaced by the shares */
function softmax(sums) {
  const highest = sums[argmax(sums)];
  let total = 0;
  for (let c = 0; c < sums.length; c++) total += sums[c] = Math.exp(sums[c] - highest);
  for (let c = 0; c < sums.length; c++) sums[c] /= total;
}

/**
 * Take a step along the mean gradient of the cross-entropy over a batch.
 * @param {Settings} settings @param {Network} network @param {number[]} batch @param {Ink[]} ink
 * @param {Uint8Array} labels
 */
function learn(settings, network, batch, ink, labels) {
  const moves = batch.map((image) => {
    forward(settings, network, ink[image]);
    return { image, ...deltas(settings, network, labels[image], settings.learning_rate / batch.length) };
  });
  const { hidden, output } = network;
  for (const { image, upper, lower, values } of moves) {
    moveRow(output.bias, 0, 1, upper);
    for (let j = 0; j < values.length; j++) if (values[j] !== 0) moveRow(output.kernel, j, values[j], upper);
    if (lower.every((step) => step === 0)) continue;
    moveRow(hidden.bias, 0, 1, lower);
    const { pixels, values: inputs } = ink[image];
    const factor = settings.first_layer_rate;
    for (let k = 0; k < pixels.length; k++) moveRow(hidden.kernel, pixels[k], factor * inputs[k], lower);
  }
}

/**
 * Return the steps of both layers' sums for the image that went forward, and its hidden values.
 * @param {Settings} settings @param {Network} network @param {number} label @param {number} rate
 */
function deltas(settings, { hidden, output }, label, rate) {
  const kind = kindOf(settings.hidden_activation);
  const upper = new Float64Array(CLASSES);
  for (let c = 0; c < CLASSES; c++) upper[c] = -rate * (output.out[c] - (c === label ? 1 : 0));
  const lower = new Float64Array(hidden.out.length);
  for (let j = 0; j < lower.length; j++) {
    const slope = derivative(kind, hidden.out[j], settings.leaky_slope);
    if (slope === 0) continue;
    let back = 0;
    for (let c = 0; c < CLASSES; c++) back += output.kernel[j * CLASSES + c] * upper[c];
    lower[j] = back * slope;
  }
  return { upper, lower, values: hidden.out.slice() };
}

/**
 * @param {Settings} settings @param {Network} network @param {Ink[]} ink @param {Digits} digits @param {boolean} detail
 */
function test(settings, network, ink, digits, detail) {
  const { hidden, output } = network;
  const reacts = new Uint8Array(hidden.out.length);
  const silent = [];
  let right = 0;
  for (let image = digits.train; image < ink.length; image++) {
    forward(settings, network, ink[image]);
    right += argmax(output.out) === digits.label[image] ? 1 : 0;
    hidden.out.forEach((value, j) => { if (value !== 0) reacts[j] = 1; });
    silent.push(hidden.out.every((value) => value === 0));
  }
  const alive = reacts.reduce((sum, reaction) => sum + reaction, 0);
  const finite = output.out.every(Number.isFinite);
  const flags = alive < reacts.length / 2 || !finite ? DEAD : 0;
  const snapshot = { value: finite ? right / silent.length : NaN, flags };
  return detail ? { ...snapshot, detail: { cells: [reacts], silent } } : snapshot;
}
