// Thread 004: a 784-200-100-10 network that learns digits one by one; errors lack a derivative as posted.
// A pixel without ink has the input 0.01, which moves all rows of the first layer alike: `shift` keeps that apart.
import { addOutputs, addRows, argmax, inked, moveRow, PIXELS } from "../digits.js";
import { dataOrder, RandomState } from "../random.js";
import { activate, DEAD, derivative, having, kindOf, outOf, percent } from "../scene.js";
/** @import { Digits, Ink } from "../digits.js" */
/** @import { Scene, Settings } from "../scene.js" */

const WIDTHS = [PIXELS, 200, 100, 10];
const [BACKGROUND, INK, LOW, HIGH] = [0.01, 0.99, 0.01, 0.99];

/** @typedef {{kind: number, kernel: Float64Array, bias: Float64Array, sums: Float64Array, out: Float64Array,
 *   steps: Float64Array, back: Float64Array, errors: Float64Array}} Layer kernel by inputs
 * @typedef {{layers: Layer[], shift: Float64Array, total: Float64Array}} Network */

/** @type {Scene} */
export const fourLayers = {
  name: "four_layers",
  title: "Four layers",
  hint: "Errors pass back without ReLU’s gate until no unit reacts any more. Sigmoid survives the same mistake.",
  controls: [
    { name: "learning_rate", label: "Learning rate", values: [0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3] },
    { name: "backpropagation", label: "Gradient", values: ["posted", "hidden_mended", "output_mended", "true"] },
    { name: "hidden_activation", label: "Hidden activation", values: ["relu", "leaky_relu", "sigmoid"] },
    { name: "output_activation", label: "Output activation", values: ["relu", "leaky_relu", "sigmoid", "linear"] },
    { name: "initialization", label: "Initial weights", values: ["book", "he"] },
    { name: "bias", label: "Biases", values: [false, true] },
    { name: "epochs", label: "Passes over the images", values: [1, 2, 5, 10] },
  ],
  settings: { images: 1000, epochs: 2 },
  horizon: "epochs",
  unit: "image",
  wave: 4,
  seeds: [20, 10, 50, 100],
  axis: { label: "test accuracy", low: 0, high: 1, ticks: [0, 0.2, 0.4, 0.6, 0.8, 1], show: percent },
  states: [{ flag: DEAD, label: "lost: a whole layer is dead, or weights overflowed" }],
  alive: "alive",
  marks: () => [{ at: 0.1, label: "guessing" }],
  tell: (snapshots) => `${outOf(snapshots.filter((s) => s.value > 0.5).length, snapshots.length)} networks get half of `
    + `the digits right. ${having(snapshots, DEAD)} are lost: no error passes any more.`,
  digits: "Here a network learns 1,000 images in 1 to 10 passes and is tested on 200; in the study it learns 60,000, "
    + "or 10,000, once and is tested on 10,000.",
  other: "It starts with the same weights and learns more images.",
  smaller: ["images", "twin"],
  grid: { name: "factorial", x: "output_activation", y: "learning_rate" },
  steps: ({ epochs, images }) => [0, 10, 100, ...Array.from({ length: 4 * epochs }, (_, i) => ((i + 1) * images) / 4)],
  beside: (settings) => ({ ...settings, hidden_activation: "sigmoid", output_activation: "sigmoid" }),
  *train(settings, seed, detail, digits) {
    const ink = inked(digits, INK / 255);
    const network = draw(settings, new RandomState(seed));
    const passes = Array.from({ length: settings.epochs }, (_, i) => dataOrder(seed, i + 1, settings.images));
    const order = passes.flatMap((pass) => [...pass]);
    let [learned, alive] = [0, true];
    for (const stop of this.steps(settings)) {
      for (; learned < stop && alive; learned++) {
        forward(settings, network, ink[order[learned]]);
        alive = learn(settings, network, ink[order[learned]], digits.label[order[learned]]);
      }
      yield alive ? test(settings, network, ink, digits, detail) : { value: NaN, flags: DEAD };
    }
  },
};

/** @param {Settings} settings @param {RandomState} random @returns {Network} */
function draw(settings, random) {
  const gain = settings.initialization === "he" ? Math.SQRT2 : 1;
  const layers = WIDTHS.slice(1).map((units, depth) => {
    const n = WIDTHS[depth];
    const kernel = new Float64Array(n * units);
    for (let j = 0; j < units; j++) {
      for (let i = 0; i < n; i++) kernel[i * units + j] = gain * (random.normal() * n ** -0.5);
    }
    const [bias, sums, out, steps, back, errors] = Array.from({ length: 6 }, () => new Float64Array(units));
    const kind = kindOf(depth === 2 ? settings.output_activation : settings.hidden_activation);
    return { kind, kernel, bias, sums, out, steps, back, errors };
  });
  const total = new Float64Array(WIDTHS[1]);
  addOutputs(total, layers[0].kernel, new Float64Array(PIXELS).fill(1));
  return { layers, shift: new Float64Array(WIDTHS[1]), total };
}

/** @param {Settings} settings @param {Network} network @param {Ink} image */
function forward(settings, { layers, shift, total }, { pixels, values, sum }) {
  for (let depth = 0; depth < layers.length; depth++) {
    const { kind, kernel, bias, sums, out } = layers[depth];
    sums.set(bias);
    if (depth === 0) {
      for (let j = 0; j < sums.length; j++) sums[j] += BACKGROUND * total[j] + sum * shift[j];
      addRows(sums, kernel, pixels, values);
    } else {
      addOutputs(sums, kernel, layers[depth - 1].out);
    }
    for (let j = 0; j < sums.length; j++) out[j] = activate(kind, sums[j], settings.leaky_slope);
  }
}

/**
 * Learn the image that went forward; return false if the network has overflowed.
 * @param {Settings} settings @param {Network} network @param {Ink} image @param {number} label
 */
function learn(settings, network, image, label) {
  const { layers } = network;
  const last = layers[2];
  for (let j = 0; j < 10; j++) last.errors[j] = (j === label ? HIGH : LOW) - last.out[j];
  if (!last.errors.every(Number.isFinite)) return false;
  const mended = (/** @type {string} */ name) => ["true", name].includes(settings.backpropagation);
  const carries = [false, mended("hidden_mended"), mended("output_mended")];
  for (let depth = 2; depth >= 0; depth--) {
    const { kind, kernel, out, steps, back, errors } = layers[depth];
    for (let j = 0; j < out.length; j++) {
      const moved = errors[j] * derivative(kind, out[j], settings.leaky_slope);
      steps[j] = settings.learning_rate * moved;
      back[j] = carries[depth] ? moved : errors[j];
    }
    if (depth > 0) passBack(kernel, back, layers[depth - 1].errors);
  }
  for (let depth = 0; depth < 3; depth++) move(settings, network, depth, image);
  return true;
}

/** @param {Float64Array} kernel @param {Float64Array} back @param {Float64Array} errors */
function passBack(kernel, back, errors) {
  for (let i = 0; i < errors.length; i++) {
    let error = 0;
    for (let j = 0; j < back.length; j++) error += kernel[i * back.length + j] * back[j];
    errors[i] = error;
  }
}

/** @param {Settings} settings @param {Network} network @param {number} depth @param {Ink} image */
function move(settings, { layers, shift, total }, depth, { pixels, values, sum }) {
  const { kernel, bias, steps } = layers[depth];
  if (steps.every((step) => step === 0)) return;
  if (settings.bias) moveRow(bias, 0, 1, steps);
  if (depth > 0) {
    const inputs = layers[depth - 1].out;
    for (let i = 0; i < inputs.length; i++) if (inputs[i] !== 0) moveRow(kernel, i, inputs[i], steps);
    return;
  }
  for (let k = 0; k < pixels.length; k++) moveRow(kernel, pixels[k], values[k], steps);
  moveRow(shift, 0, BACKGROUND, steps);
  moveRow(total, 0, PIXELS * BACKGROUND + sum, steps);
}

/**
 * @param {Settings} settings @param {Network} network @param {Ink[]} ink @param {Digits} digits @param {boolean} detail
 */
function test(settings, network, ink, digits, detail) {
  const { layers } = network;
  const reacts = layers.map(({ out }) => new Uint8Array(out.length));
  const silent = [];
  const relu = kindOf("relu");
  let right = 0;
  for (let image = digits.train; image < ink.length; image++) {
    forward(settings, network, ink[image]);
    right += argmax(layers[2].out) === digits.label[image] ? 1 : 0;
    layers.forEach(({ kind, out }, depth) => out.forEach((value, j) => {
      if (derivative(kind, value, settings.leaky_slope) !== 0) reacts[depth][j] = 1;
    }));
    silent.push(layers.slice(0, 2).some(({ kind, out }) => kind === relu && out.every((value) => value <= 0)));
  }
  const lost = reacts.some((layer) => layer.every((reaction) => !reaction)) ? DEAD : 0;
  const snapshot = { value: right / silent.length, flags: lost };
  return detail ? { ...snapshot, detail: { cells: reacts, silent } } : snapshot;
}
