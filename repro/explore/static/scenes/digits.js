// Threads 002 and 004: networks on the digits that the page carries.
import { inkOf, PIXELS, SPARE } from "../images.js";
import { count, drawKernel, examine, makeLayer, Network } from "../network.js";
import { RandomState } from "../random.js";
import { FLAGS } from "../scene.js";

const CLASSES = 10;
const BACKGROUND = 0.01; // thread 004's input of a pixel without ink

/** Thread 002: 784-100-10 with softmax and cross-entropy, gradient descent in batches. @type {Start} */
export function mnist_relu(settings, seed, digits) {
  const { hidden_units: units, first_layer_init: factor, first_layer_rate: gain } = settings;
  const random = new RandomState(seed);
  const glorot = (/** @type {number} */ inputs, /** @type {number} */ outputs) => {
    const limit = Math.sqrt(6 / (inputs + outputs));
    return () => random.uniform(-limit, limit);
  };
  const number = glorot(PIXELS, units);
  const first = drawKernel(PIXELS, units, () => factor * number(), { zeros: SPARE });
  const how = { samples: digits.label.length - digits.train, slope: settings.leaky_slope };
  const hidden = makeLayer(first, units, settings.hidden_activation, how);
  const last = makeLayer(drawKernel(units, CLASSES, glorot(units, CLASSES)), CLASSES, "linear", how);
  const network = new Network([hidden, last], { rate: settings.learning_rate / settings.batch_size, softmax: true });
  return learn(network, inkOf(digits, { scale: settings.input_scale, gain }), {
    random,
    digits,
    size: settings.batch_size,
    by: "out", // a unit is dead that gives 0 on every image
    isLost: ([reacts]) => reacts.reduce((sum, one) => sum + one, 0) < units / 2,
  });
}

/** Thread 004: 784-200-100-10, learns images one by one; errors lack a derivative as posted. @type {Start} */
export function four_layers(settings, seed, digits) {
  const random = new RandomState(seed);
  const gain = settings.initializer === "he_normal" ? Math.SQRT2 : 1;
  const mended = (/** @type {string} */ name) => ["true", name].includes(settings.backpropagation);
  const carries = [false, mended("hidden_mended"), mended("output_mended")];
  const samples = digits.label.length - digits.train;
  const layers = [PIXELS, 200, 100].map((n, depth) => {
    const units = [200, 100, CLASSES][depth];
    const zeros = depth === 0 ? SPARE : 1;
    const kernel = drawKernel(n, units, () => gain * (random.normal() * n ** -0.5), { byUnit: true, zeros });
    const activation = depth === 2 ? settings.output_activation : settings.hidden_activation;
    return makeLayer(kernel, units, activation, { samples, slope: settings.leaky_slope, carries: carries[depth] });
  });
  const [{ kernel }] = layers; // the row that has what the background brings
  for (let k = 0; k < PIXELS * 200; k++) kernel[(PIXELS + 1) * 200 + (k % 200)] += BACKGROUND * kernel[k];
  const network = new Network(layers, { rate: settings.learning_rate, biased: settings.bias });
  return learn(network, inkOf(digits, { scale: 0.99 / 255, background: BACKGROUND, low: 0.01, high: 0.99 }), {
    random,
    digits,
    size: 1,
    by: "gates", // a unit is dead that has no derivative
    isLost: (layers) => layers.some((reacts) => reacts.every((one) => !one)),
  });
}

/**
 * Learn images in batches, in an order drawn anew for each pass; be judged on the others.
 * @param {Network} network @param {Input} images
 * @param {object} how @param {RandomState} how.random @param {Digits} how.digits @param {number} how.size of a batch
 * @param {"out" | "gates"} how.by what is not 0 where a unit reacts
 * @param {(reacts: Uint8Array[]) => boolean} how.isLost by its layers
 * @returns {ReturnType<Start>}
 */
function learn(network, images, { random, digits: { train, label }, size, by, isLost }) {
  const tested = count(label.length).subarray(train);
  let [order, finite] = [count(0), true];
  return {
    step(step) {
      const start = (step * size) % train;
      if (start === 0) order = random.permutation(train);
      if (finite) finite = Number.isFinite(network.descend(images, order.subarray(start, start + size)));
    },
    look() {
      const { reacts, silent } = examine(network, images, tested, { hidden: true, by });
      const { out } = network.last;
      const digit = (/** @type {number} */ i) => answer(out.subarray(i * (CLASSES + 1), (i + 1) * (CLASSES + 1) - 1));
      const right = tested.filter((image, i) => digit(i) === label[image]).length;
      const counts = finite && out.every(Number.isFinite);
      const flags = isLost(reacts) || !counts ? FLAGS.dead : 0;
      return { value: counts ? right / tested.length : NaN, flags, detail: { cells: reacts.slice(0, -1), silent } };
    },
  };
}

/** Return the digit with the highest of ten values. @param {Float64Array} values */
const answer = (values) => values.indexOf(Math.max(...values));
