// Thread 004: a 784-200-100-10 network that learns digits one by one; errors lack a derivative as posted.
import { backgroundOf, backward, dense, forward, move, ON_DIGITS, test } from "../dense.js";
import { inked, PIXELS } from "../digits.js";
import { dataOrder, RandomState } from "../random.js";
import { DEAD, derivative, having, outOf } from "../scene.js";
/** @import { Layer, Network } from "../dense.js" */

const WIDTHS = [PIXELS, 200, 100, 10];
const [BACKGROUND, INK, LOW, HIGH] = [0.01, 0.99, 0.01, 0.99];

/** @type {Scene} */
export const fourLayers = {
  ...ON_DIGITS,
  name: "four_layers",
  hint: "Errors pass back without ReLU’s gate, and most networks are lost. Sigmoid survives the same mistake.",
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
  states: [{ flag: DEAD, label: "lost: a whole layer is dead, or weights overflowed" }],
  alive: "alive",
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
    const mended = (/** @type {string} */ name) => ["true", name].includes(settings.backpropagation);
    const carries = [false, mended("hidden_mended"), mended("output_mended")];
    const rates = Array(3).fill(settings.learning_rate);
    let [learned, alive] = [0, true];
    for (const stop of this.steps(settings)) {
      for (; learned < stop && alive; learned++) {
        forward(network, ink[order[learned]]);
        alive = setErrors(network, digits.label[order[learned]]);
        backward(network, rates, (depth) => carries[depth]);
        if (alive) move(network, ink[order[learned]], network.layers, settings.bias);
      }
      yield alive ? test(network, ink, digits, detail, JUDGED) : { value: NaN, flags: DEAD };
    }
  },
};

/** As the study does: a unit reacts that has a derivative; a network is lost that has a layer without one. */
const JUDGED = {
  reacts: (/** @type {Layer} */ { kind }, /** @type {number} */ value) => derivative(kind, value, 1) !== 0,
  isLost: (/** @type {Uint8Array[]} */ layers) => layers.some((layer) => layer.every((reacts) => !reacts)),
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
    return dense(kernel, units, depth === 2 ? settings.output_activation : settings.hidden_activation);
  });
  return { layers, slope: settings.leaky_slope, background: backgroundOf(layers[0], BACKGROUND) };
}

/**
 * Set the last layer's errors; return whether they are finite: it has not overflowed.
 * @param {Network} network @param {number} label
 */
function setErrors({ layers }, label) {
  const { errors, out } = layers[2];
  for (let j = 0; j < out.length; j++) errors[j] = (j === label ? HIGH : LOW) - out[j];
  return errors.every(Number.isFinite);
}
