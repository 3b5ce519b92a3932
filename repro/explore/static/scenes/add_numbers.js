// Thread 003: a network that adds two numbers, one sample a step, with the posted mistakes or without.
import { drawKernel, examine, Layer, makeInput, Network, portray } from "../network.js";
import { RandomState } from "../random.js";
import { FLAGS } from "../scene.js";

const A = [0.1, 0.5, 0.2, 0.3, 0.5, 0.4];
const B = [0.2, 0.3, 0.4, 0.7, 0.5, 0.3];
const SUMS = [0.3, 0.8, 0.6, 1.0, 1.0, 0.7];
const X = A.map((a, i) => [a, B[i]]);
const SAMPLES = X.map((x, i) => makeInput([x], [SUMS[i]]));

/** @type {Start} */
export function addNumbers(settings, seed) {
  const network = new Network(draw(settings, new RandomState(seed)), {
    rate: settings.learning_rate,
    momentum: settings.momentum,
    factor: 2,
    decays: settings.bias_update === "posted",
    updatesFirst: settings.error_weights === "updated",
  });
  const isDead = () => examine(network, SAMPLES).silent.every(Boolean);
  const born = isDead() ? FLAGS.born : 0;
  let error = SAMPLES.reduce((sum, sample) => sum + (network.forward(sample)[0] - sample.target[0]) ** 2, 0);
  return {
    step() {
      error = 0;
      for (const sample of SAMPLES) error += network.descend([sample]);
    },
    look: () => ({
      value: error / SAMPLES.length,
      flags: born | (isDead() ? FLAGS.dead : 0),
      detail: portray(network, SAMPLES, ["a", "b"]),
    }),
  };
}

/** @param {Settings} settings @param {RandomState} random */
function draw(settings, random) {
  const widths = [...Array(settings.hidden_layers).fill(settings.hidden_units), 1];
  let inputs = X;
  return widths.map((units, depth) => {
    const n = inputs[0].length;
    const scale = settings.initializer === "he_normal" ? Math.sqrt(2 / n) : 1;
    const kernel = drawKernel(n, units, () => random.normal() * scale, { byUnit: true });
    const biases = random.normals(units);
    if (settings.bias_initializer !== "zeros") kernel.set(biases, n * units);
    if (settings.unit_signs === "flipped") flip(kernel, units, inputs);
    inputs = sumsOf(kernel, units, inputs).map((sums) => sums.map((sum) => Math.max(0, sum)));
    const activation = depth < settings.hidden_layers ? settings.hidden_activation : settings.output_activation;
    return new Layer(kernel, units, activation, { slope: settings.leaky_slope });
  });
}

/**
 * Return the weighted sums of each input.
 * @param {Float64Array} kernel @param {number} units @param {number[][]} inputs
 */
function sumsOf(kernel, units, inputs) {
  const network = new Network([new Layer(kernel, units, "linear")], {});
  return inputs.map((x) => [...network.forward(makeInput([x]))].slice(0, units));
}

/**
 * Turn the sign of each unit that fewer inputs raise than lower.
 * @param {Float64Array} kernel @param {number} units @param {number[][]} inputs
 */
function flip(kernel, units, inputs) {
  const sums = sumsOf(kernel, units, inputs);
  for (let j = 0; j < units; j++) {
    if (sums.reduce((raised, ofUnits) => raised + Math.sign(ofUnits[j]), 0) >= 0) continue;
    for (let k = j; k < kernel.length; k += units) kernel[k] = -kernel[k];
  }
}
