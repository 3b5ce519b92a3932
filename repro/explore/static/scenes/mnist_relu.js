// Thread 002: a 784-100-10 network with softmax and cross-entropy, gradient descent in batches of 100.
import { backward, dense, forward, move, ON_DIGITS, test } from "../dense.js";
import { inked, PIXELS } from "../digits.js";
import { dataOrder, RandomState } from "../random.js";
import { ACTIVATION, DEAD, having, outOf, percent } from "../scene.js";
/** @import { Layer, Network } from "../dense.js" */

const CLASSES = 10;
const STEPS = [0, 1, 2, 3, 5, 7, 12, 20, 30, 50, 70, 100, 150, 200, 300, 400, 500];

const fraction = (/** @type {number} */ value) =>
  value < 1 ? `1/${Math.round(1 / value).toLocaleString("en")}` : value.toLocaleString("en");

/** @type {Scene} */
export const mnistRelu = {
  ...ON_DIGITS,
  name: "mnist_relu",
  hint: "Pixels of 0 to 255 make the first steps too long. Watch the hidden units go dark, and images fall silent.",
  controls: [
    { name: "input_scale", label: "Factor on the pixels", values: [1 / 255, 1 / 64, 1 / 16, 1 / 4, 1], show: fraction },
    { name: "learning_rate", label: "Learning rate", values: [1e-7, 1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 1e-2, 1e-1, 1] },
    { name: "hidden_activation", label: "Hidden activation", values: ACTIVATION },
    { name: "first_layer_rate", label: "First layer’s rate, times", values: [1 / 65025, 1, 65025], show: fraction },
    { name: "first_layer_init", label: "First layer’s initial weights, times", values: [1, 255] },
    { name: "hidden_units", label: "Hidden units", values: [11, 100] },
    { name: "epochs", label: "Passes over the images", values: [3, 15, 50] },
  ],
  settings: { hidden_activation: "relu", batch_size: 100 },
  horizon: "epochs",
  unit: "step",
  states: [{ flag: DEAD, label: "more than half of its units are dead" }],
  alive: "most units alive",
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
      yield test(network, ink, digits, detail, JUDGED);
    }
  },
};

/** As the study does: a unit is dead that gives 0 on every image; the output is no unit that can die. */
const JUDGED = {
  reacts: (/** @type {Layer} */ _, /** @type {number} */ value) => value !== 0,
  isLost: (/** @type {Uint8Array[]} */ [hidden]) =>
    hidden.reduce((sum, reacts) => sum + reacts, 0) < hidden.length / 2,
};

/** @param {Settings} settings @param {RandomState} random @returns {Network} */
function draw(settings, random) {
  const glorot = (/** @type {number} */ inputs, /** @type {number} */ units, /** @type {number} */ factor) => {
    const limit = Math.sqrt(6 / (inputs + units));
    return Float64Array.from({ length: inputs * units }, () => factor * random.uniform(-limit, limit));
  };
  const { hidden_units: units, hidden_activation: activation, leaky_slope: slope } = settings;
  const kernel = glorot(PIXELS, units, settings.first_layer_init);
  const hidden = dense(kernel, units, activation, settings.first_layer_rate);
  return { layers: [hidden, dense(glorot(units, CLASSES, 1), CLASSES, "linear")], slope, softmax: true };
}

/**
 * Take a step along the mean gradient of the cross-entropy over a batch.
 * @param {Settings} settings @param {Network} network @param {number[]} batch @param {Ink[]} ink
 * @param {Uint8Array} labels
 */
function learn(settings, network, batch, ink, labels) {
  const rate = settings.learning_rate / batch.length;
  const { layers } = network;
  const { errors, out } = layers[1];
  const taken = batch.map((image) => {
    forward(network, ink[image]);
    for (let c = 0; c < CLASSES; c++) errors[c] = (c === labels[image] ? 1 : 0) - out[c];
    backward(network, [rate, rate]);
    return layers.map((layer) => ({ steps: layer.steps.slice(), out: layer.out.slice() }));
  });
  batch.forEach((image, i) => move(network, ink[image], taken[i], true));
}
