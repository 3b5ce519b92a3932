// Thread 000: a 3-4-1 network on six rows at once, without biases as posted; the target is "not x3".
import { count, drawKernel, inputOf, makeLayer, Network, portray } from "../network.js";
import { RandomState } from "../random.js";
import { FLAGS } from "../scene.js";

const X = ["001", "000", "011", "101", "100", "010"].map((bits) => [...bits].map(Number));
const TARGET = X.map((x) => 1 - x[2]);
const TABLE = inputOf(X, TARGET);
const ROWS = count(X.length);
const [INPUTS, UNITS] = [3, 4];

/** @type {Start} */
export function truth_table(settings, seed) {
  const random = new RandomState(seed);
  const number = (/** @type {number} */ n) =>
    settings.initializer === "uniform" ? 2 * random.random() - 1 : random.normal() * Math.sqrt(2 / n);
  const kernels = [drawKernel(INPUTS, UNITS, () => number(INPUTS)), drawKernel(UNITS, 1, () => number(UNITS))];
  const hidden = settings.hidden_activation;
  const how = {
    samples: X.length,
    slope: settings.leaky_slope,
    masked: settings.backpropagation === "posted" && hidden === "relu", // the posted relu has made a mask of its input
  };
  const layers = [makeLayer(kernels[0], UNITS, hidden, how), makeLayer(kernels[1], 1, settings.output_activation, how)];
  const network = new Network(layers, { rate: settings.learning_rate, biased: settings.bias });
  return {
    step() {
      network.descend(TABLE, ROWS);
      return network.moved;
    },
    look() {
      const outputs = TARGET.map((_, i) => network.forward(TABLE, ROWS)[2 * i]);
      const value = outputs.reduce((sum, output, i) => sum + Math.abs(TARGET[i] - output), 0) / X.length;
      const flags = outputs.every((output) => output === outputs[0]) ? FLAGS.dead : 0;
      return { value, flags, detail: portray(network, TABLE, ROWS, ["x1", "x2", "x3"]) };
    },
  };
}
