// Threads 002 and 004: networks on the digits that the page carries.
import { inputsOf, PIXELS, SPARE } from "../images.js";
import { drawKernel, examine, Layer, Network } from "../network.js";
import { dataOrder, RandomState } from "../random.js";
import { FLAGS } from "../scene.js";

const CLASSES = 10;
const BACKGROUND = 0.01; // thread 004's input of a pixel without ink

/** Thread 002: 784-100-10 with softmax and cross-entropy, gradient descent in batches. @type {Start} */
export function mnistRelu(settings, seed, digits) {
  const { hidden_units: units, first_layer_init: factor, first_layer_rate: gain } = settings;
  const random = new RandomState(seed);
  const glorot = (/** @type {number} */ n) => {
    const limit = Math.sqrt(6 / n);
    return () => random.uniform(-limit, limit);
  };
  const number = glorot(PIXELS + units);
  const first = drawKernel(PIXELS, units, () => factor * number(), { zeros: SPARE });
  const hidden = new Layer(first, units, settings.hidden_activation, { slope: settings.leaky_slope });
  const last = new Layer(drawKernel(units, CLASSES, glorot(units + CLASSES)), CLASSES, "linear");
  const network = new Network([hidden, last], { rate: settings.learning_rate / settings.batch_size, softmax: true });
  return learn(network, inputsOf(digits, { scale: settings.input_scale, gain }), {
    seed,
    digits,
    size: settings.batch_size,
    by: "out", // a unit is dead that gives 0 on every image
    isLost: ([reacts]) => reacts.reduce((sum, one) => sum + one, 0) < units / 2,
  });
}

/** Thread 004: 784-200-100-10, learns images one by one; errors lack a derivative as posted. @type {Start} */
export function fourLayers(settings, seed, digits) {
  const random = new RandomState(seed);
  const gain = settings.initializer === "he_normal" ? Math.SQRT2 : 1;
  const mended = (/** @type {string} */ name) => ["true", name].includes(settings.backpropagation);
  const carries = [false, mended("hidden_mended"), mended("output_mended")];
  const layers = [PIXELS, 200, 100].map((n, depth) => {
    const units = [200, 100, CLASSES][depth];
    const how = { byUnit: true, zeros: depth === 0 ? SPARE : 1 };
    const kernel = drawKernel(n, units, () => gain * (random.normal() * n ** -0.5), how);
    const activation = depth === 2 ? settings.output_activation : settings.hidden_activation;
    return new Layer(kernel, units, activation, { slope: settings.leaky_slope, carries: carries[depth] });
  });
  const [{ kernel }] = layers; // the row that has what the background brings
  for (let k = 0; k < PIXELS * 200; k++) kernel[(PIXELS + 1) * 200 + (k % 200)] += BACKGROUND * kernel[k];
  const network = new Network(layers, { rate: settings.learning_rate, biased: settings.bias });
  return learn(network, inputsOf(digits, { scale: 0.99 / 255, background: BACKGROUND, low: 0.01, high: 0.99 }), {
    seed,
    digits,
    size: 1,
    by: "gates", // a unit is dead that has no derivative
    isLost: (layers) => layers.some((reacts) => reacts.every((one) => !one)),
  });
}

/**
 * Learn images in a seed's order, in batches; be judged on the others.
 * @param {Network} network @param {(image: number) => Input} images
 * @param {object} how @param {number} how.seed @param {Digits} how.digits @param {number} how.size of a batch
 * @param {"out" | "gates"} how.by what is not 0 where a unit reacts
 * @param {(reacts: Uint8Array[]) => boolean} how.isLost by its layers
 * @returns {ReturnType<Start>}
 */
function learn(network, images, { seed, digits: { train, label }, size, by, isLost }) {
  const { last, layers } = network;
  const tested = Array.from(label.subarray(train), (_, i) => images(train + i));
  let [order, finite] = [new Uint32Array(), true];
  return {
    step(step) {
      const start = (step * size) % train;
      if (start === 0) order = dataOrder(seed, (step * size) / train + 1, train);
      const batch = Array.from(order.subarray(start, start + size), (image) => images(image));
      if (finite) finite = Number.isFinite(network.descend(batch));
    },
    look() {
      let right = 0;
      const look = (/** @type {number} */ image) => {
        if (argmax(last.out) === argmax(tested[image].target)) right++;
      };
      const { reacts, silent } = examine(network, tested, { layers: layers.slice(0, -1), by, look });
      const counts = finite && last.out.every(Number.isFinite);
      const flags = isLost(reacts) || !counts ? FLAGS.dead : 0;
      return { value: counts ? right / tested.length : NaN, flags, detail: { cells: reacts.slice(0, -1), silent } };
    },
  };
}

/** Return the digit with the highest value. @param {ArrayLike<number>} values */
function argmax(values) {
  let best = 0;
  for (let i = 1; i < CLASSES; i++) if (values[i] > values[best]) best = i;
  return best;
}
