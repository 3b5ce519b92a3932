// Thread 003: a network that adds two numbers, one sample a step, with the posted mistakes or without.
import { count, drawKernel, examine, inputOf, makeLayer, Network, portray } from "../network.js";
import { RandomState } from "../random.js";
import { FLAGS } from "../scene.js";

const A = [0.1, 0.5, 0.2, 0.3, 0.5, 0.4];
const B = [0.2, 0.3, 0.4, 0.7, 0.5, 0.3];
const SUMS = [0.3, 0.8, 0.6, 1.0, 1.0, 0.7];
const X = A.map((a, i) => [a, B[i]]);
const INPUT = inputOf(X, SUMS);
const ALL = count(X.length);
const EACH = Array.from(ALL, (sample) => Uint32Array.of(sample));

/** @type {Start} */
export function add_numbers(settings, seed) {
  const network = new Network(draw(settings, new RandomState(seed)), {
    rate: settings.learning_rate,
    momentum: settings.momentum,
    factor: 2,
    decays: settings.bias_update === "posted",
    updatesFirst: settings.error_weights === "updated",
  });
  const isDead = () => examine(network, INPUT, ALL).silent.every(Boolean);
  const born = isDead() ? FLAGS.born : 0;
  let error = SUMS.reduce((sum, target, i) => sum + (network.last.out[2 * i] - target) ** 2, 0);
  return {
    step() {
      error = 0;
      for (const sample of EACH) error += network.descend(INPUT, sample);
    },
    look: () => ({
      value: error / X.length,
      flags: born | (isDead() ? FLAGS.dead : 0),
      detail: portray(network, INPUT, ALL, ["a", "b"]),
    }),
  };
}

/** @typedef {import("../network.js").Layer} Layer */

/** @param {Settings} settings @param {RandomState} random */
function draw(settings, random) {
  const widths = [2, ...Array(settings.hidden_layers).fill(settings.hidden_units), 1];
  const kernels = widths.slice(1).map((units, depth) => {
    const n = widths[depth];
    const scale = settings.initializer === "he_normal" ? Math.sqrt(2 / n) : 1;
    const kernel = drawKernel(n, units, () => random.normal() * scale, { byUnit: true });
    const biases = random.normals(units);
    if (settings.bias_initializer !== "zeros") kernel.set(biases, n * units);
    return kernel;
  });
  const layersOf = (/** @type {string} */ hidden, /** @type {string} */ output) =>
    kernels.map((kernel, depth) => {
      const activation = depth < settings.hidden_layers ? hidden : output;
      return makeLayer(kernel, widths[depth + 1], activation, { samples: X.length, slope: settings.leaky_slope });
    });
  if (settings.unit_signs === "flipped") flip(layersOf("relu", "relu"));
  return layersOf(settings.hidden_activation, settings.output_activation);
}

/** Turn the sign of each unit that fewer samples raise than lower, from below. @param {Layer[]} layers */
function flip(layers) {
  const network = new Network(layers);
  for (const { kernel, units, sums } of layers) {
    network.forward(INPUT, ALL);
    for (let j = 0; j < units; j++) {
      const raised = X.reduce((sum, _, i) => sum + Math.sign(sums[i * units + j]), 0);
      if (raised < 0) for (let k = j; k < kernel.length; k += units) kernel[k] = -kernel[k];
    }
  }
}
