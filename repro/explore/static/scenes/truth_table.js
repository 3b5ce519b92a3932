// Thread 000: a 3-4-1 network on six rows at once, without biases as posted; the target is "not x3".
import { RandomState } from "../random.js";
import { activate, BORN_DEAD, DEAD, derivative, kindOf, outOf, power, rising } from "../scene.js";

const X = [[0, 0, 1], [0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 0, 0], [0, 1, 0]];
const Y = [0, 1, 0, 0, 1, 1];
const [INPUTS, UNITS, ROWS] = [3, 4, 6];
const LEARNED = 0.05;

/** @typedef {{first: Float64Array, second: Float64Array, hidden: Float64Array, outputs: Float64Array,
 *   deltas: Float64Array}} Network a hidden unit's three weights and bias stand side by side in `first` */

/** @type {Scene} */
export const truthTable = {
  name: "truth_table",
  hint: "Six rows, one of them all zeros. Without biases no ReLU unit says anything to that row.",
  controls: [
    { name: "hidden_activation", label: "Hidden activation", values: ["relu", "leaky_relu", "sigmoid"] },
    { name: "output_activation", label: "Output activation", values: ["relu", "leaky_relu", "sigmoid", "linear"] },
    { name: "backpropagation", label: "Gradient", values: ["posted", "true"] },
    { name: "bias", label: "Biases", values: [false, true] },
    { name: "learning_rate", label: "Learning rate", values: [0.001, 0.01, 0.03, 0.1, 0.3, 1] },
    { name: "initializer", label: "Initial weights", values: ["uniform", "he_normal"] },
    { name: "iterations", label: "Iterations", values: [1000, 10000, 100000, 500000] },
  ],
  settings: { hidden_activation: "relu", output_activation: "relu" },
  horizon: "iterations",
  unit: "iteration",
  smaller: [],
  wave: 1000,
  seeds: [100, 20, 200, 500, 1000],
  axis: { label: "mean absolute error", low: 1e-4, high: 1, ticks: [1e-4, 1e-3, 1e-2, 0.1, 1], log: true, show: power },
  states: [{ flag: DEAD, label: "says the same for every row" }],
  alive: "tells rows apart",
  marks(settings) {
    const learned = { at: LEARNED, label: "learned" };
    if (settings.bias || settings.hidden_activation === "sigmoid") return [learned];
    const half = settings.output_activation === "sigmoid"; // a silent network then says 1/2
    return [learned, half ? { at: 1 / 12, label: "floor 1/12" } : { at: 1 / 6, label: "floor 1/6" }];
  },
  tell(snapshots) {
    const count = (/** @type {(s: any) => any} */ test) => snapshots.filter(test).length;
    return `${outOf(count((s) => s.value < LEARNED), snapshots.length)} networks have learned the table. `
      + `${count((s) => s.flags & DEAD)} say the same for every row.`;
  },
  steps: (settings) => rising(settings.iterations),
  *train(settings, seed, detail) {
    const network = draw(settings, new RandomState(seed));
    const { outputs } = network;
    let [step, moved, born] = [1, true, -1];
    for (const stop of rising(settings.iterations)) {
      for (; step < stop && moved; step++) moved = descend(settings, network);
      step = stop;
      forward(settings, network);
      const value = outputs.reduce((sum, output, row) => sum + Math.abs(Y[row] - output), 0) / ROWS;
      const same = outputs.every((output) => output === outputs[0]) ? DEAD : 0;
      if (born < 0) born = same ? BORN_DEAD : 0;
      yield detail ? { value, flags: born | same, detail: portray(network) } : { value, flags: born | same };
    }
  },
};

/** @param {Settings} settings @param {RandomState} random @returns {Network} */
function draw(settings, random) {
  const isUniform = settings.initializer === "uniform";
  const number = (/** @type {number} */ n) =>
    isUniform ? 2 * random.random() - 1 : random.normal() * Math.sqrt(2 / n);
  const first = new Float64Array(UNITS * (INPUTS + 1));
  for (let i = 0; i < INPUTS; i++) for (let u = 0; u < UNITS; u++) first[4 * u + i] = number(INPUTS);
  const second = Float64Array.from({ length: UNITS + 1 }, (_, u) => (u < UNITS ? number(UNITS) : 0));
  const hidden = new Float64Array(UNITS * ROWS);
  return { first, second, hidden, outputs: new Float64Array(ROWS), deltas: new Float64Array(ROWS) };
}

/** @param {Settings} settings @param {Network} network */
function forward(settings, { first, second, hidden, outputs }) {
  const slope = settings.leaky_slope;
  const inner = kindOf(settings.hidden_activation);
  const outer = kindOf(settings.output_activation);
  outputs.fill(0);
  for (let u = 0; u < UNITS; u++) {
    const k = 4 * u;
    for (let row = 0; row < ROWS; row++) {
      const x = X[row];
      const sum = x[0] * first[k] + x[1] * first[k + 1] + x[2] * first[k + 2] + first[k + 3];
      hidden[u * ROWS + row] = activate(inner, sum, slope);
      outputs[row] += hidden[u * ROWS + row] * second[u];
    }
  }
  for (let row = 0; row < ROWS; row++) outputs[row] = activate(outer, outputs[row] + second[UNITS], slope);
}

/**
 * Take one step on all rows; return whether it changed anything.
 * @param {Settings} settings @param {Network} network
 */
function descend(settings, network) {
  const { first, second, hidden, outputs, deltas } = network;
  const { leaky_slope: slope, learning_rate: rate, bias } = settings;
  const inner = kindOf(settings.hidden_activation);
  const outer = kindOf(settings.output_activation);
  const masks = settings.backpropagation === "posted" && settings.hidden_activation === "relu";
  forward(settings, network);
  let ofAll = 0;
  for (let row = 0; row < ROWS; row++) {
    deltas[row] = (Y[row] - outputs[row]) * derivative(outer, outputs[row], slope);
    ofAll += deltas[row];
  }
  let moved = bias ? add(second, UNITS, rate * ofAll) : false;
  for (let u = 0; u < UNITS; u++) {
    const k = 4 * u;
    let toSecond = 0, a = 0, b = 0, c = 0, toBias = 0;
    for (let row = 0; row < ROWS; row++) {
      const value = hidden[u * ROWS + row];
      const gate = derivative(inner, value, slope);
      const back = deltas[row] * second[u] * gate;
      const x = X[row];
      toSecond += (masks ? gate : value) * deltas[row]; // the posted relu has made a mask of it by now
      a += x[0] * back;
      b += x[1] * back;
      c += x[2] * back;
      toBias += back;
    }
    moved = add(first, k, rate * a) || moved;
    moved = add(first, k + 1, rate * b) || moved;
    moved = add(first, k + 2, rate * c) || moved;
    if (bias) moved = add(first, k + 3, rate * toBias) || moved;
    moved = add(second, u, rate * toSecond) || moved;
  }
  return moved;
}

/** @param {Float64Array} weights @param {number} i @param {number} step */
function add(weights, i, step) {
  const old = weights[i];
  weights[i] += step;
  return weights[i] !== old; // NaN moves, too
}

/** @param {Network} network */
function portray({ first, second, hidden }) {
  const units = [0, 1, 2, 3];
  return {
    inputs: ["x1", "x2", "x3"],
    layers: [units.map((u) => [...first.subarray(4 * u, 4 * u + INPUTS)]), [[...second.subarray(0, UNITS)]]],
    dead: [units.map((u) => hidden.subarray(u * ROWS, (u + 1) * ROWS).every((value) => value === 0)), [false]],
  };
}
