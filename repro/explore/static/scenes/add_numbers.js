// Thread 003: a 2-4-4-1 network that adds two numbers, one sample a step, with the posted mistakes or without.
import { RandomState } from "../random.js";
import { ACTIVATION, activate, BORN_DEAD, DEAD, derivative, kindOf, outOf, power, rising } from "../scene.js";

const X = [[0.1, 0.2], [0.5, 0.3], [0.2, 0.4], [0.3, 0.7], [0.5, 0.5], [0.4, 0.3]];
const Y = [0.3, 0.8, 0.6, 1.0, 1.0, 0.7];
const LEARNED = 0.001;

/** @typedef {{n: number, kind: number, w: Float64Array, b: Float64Array, dw: Float64Array, db: Float64Array,
 *   out: Float64Array, delta: Float64Array}} Layer a unit's weights stand side by side in w */

/** @type {Scene} */
export const addNumbers = {
  name: "add_numbers",
  hint: "Half of the networks are born dead: silent on every input. Who of them learns?",
  controls: [
    { name: "hidden_activation", label: "Hidden activation", values: ACTIVATION },
    { name: "output_activation", label: "Output activation", values: [...ACTIVATION, "linear"] },
    { name: "learning_rate", label: "Learning rate", values: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1] },
    { name: "momentum", label: "Momentum", values: [0, 0.5, 0.9, 0.99] },
    { name: "hidden_width", label: "Units a hidden layer", values: [2, 4, 8, 16] },
    { name: "hidden_layers", label: "Hidden layers", values: [1, 2, 4, 8] },
    { name: "bias_update", label: "Bias update", values: ["posted", "gradient"] },
    { name: "error_weights", label: "Errors pass back through", values: ["updated", "current"] },
    { name: "weight_init", label: "Initial weights", values: ["normal", "he"] },
    { name: "bias_init", label: "Initial biases", values: ["normal", "zero"] },
    { name: "unit_signs", label: "Units' signs", values: ["drawn", "flipped"] },
    { name: "epochs", label: "Epochs", values: [300, 1000, 5000, 20000, 100000] },
  ],
  settings: {},
  horizon: "epochs",
  unit: "epoch",
  smaller: [],
  wave: 1000,
  seeds: [100, 20, 200, 500, 1000],
  axis: { label: "mean squared error", low: 1e-8, high: 1, ticks: [1e-8, 1e-6, 1e-4, 1e-2, 1], log: true, show: power },
  states: [
    { flag: BORN_DEAD, label: "born dead" },
    { flag: DEAD, label: "died in training" },
  ],
  alive: "born alive",
  marks: () => [{ at: LEARNED, label: "learned" }, { at: 0.0589, label: "best constant" }],
  tell(snapshots) {
    const born = snapshots.filter((s) => s.flags & BORN_DEAD);
    const learned = snapshots.filter((s) => s.value < LEARNED);
    const ofBorn = learned.filter((s) => s.flags & BORN_DEAD).length;
    return `${outOf(learned.length, snapshots.length)} networks have learned to add. ${born.length} were born dead; `
      + `${ofBorn} of those have learned, ${learned.length - ofBorn} of the other ${snapshots.length - born.length}.`;
  },
  steps: (settings) => [0, ...rising(settings.epochs)],
  *train(settings, seed, detail) {
    const layers = draw(settings, new RandomState(seed));
    const born = isDead(settings, layers) ? BORN_DEAD : 0;
    const look = (/** @type {number} */ value) => {
      const flags = born | (isDead(settings, layers) ? DEAD : 0);
      return detail ? { value, flags, detail: portray(settings, layers) } : { value, flags };
    };
    yield look(X.reduce((sum, x, i) => sum + (forward(settings, layers, x) - Y[i]) ** 2, 0) / X.length);
    let epoch = 0;
    for (const stop of rising(settings.epochs)) {
      let error = 0;
      for (; epoch < stop; epoch++) {
        error = 0;
        for (let i = 0; i < X.length; i++) error += learn(settings, layers, X[i], Y[i]);
      }
      yield look(error / X.length);
    }
  },
};

/** @param {Settings} settings @param {RandomState} random @returns {Layer[]} */
function draw(settings, random) {
  const widths = [2, ...Array(settings.hidden_layers).fill(settings.hidden_width), 1];
  /** @type {ArrayLike<number>[]} */
  let outputs = X;
  return widths.slice(1).map((units, depth) => {
    const n = widths[depth];
    const scale = settings.weight_init === "he" ? Math.sqrt(2 / n) : 1;
    const w = random.normals(units * n).map((v) => v * scale);
    const b = random.normals(units);
    if (settings.bias_init === "zero") b.fill(0);
    const kind = kindOf(depth === widths.length - 2 ? settings.output_activation : settings.hidden_activation);
    const [db, out, delta] = Array.from({ length: 3 }, () => new Float64Array(units));
    const layer = { n, kind, w, b, dw: new Float64Array(units * n), db, out, delta };
    if (settings.unit_signs === "flipped") flip(layer, outputs);
    outputs = outputs.map((x) => b.map((_, j) => Math.max(0, sumOf(layer, j, x))));
    return layer;
  });
}

/** @param {Layer} layer @param {number} j @param {ArrayLike<number>} inputs */
function sumOf({ n, w, b }, j, inputs) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += w[j * n + i] * inputs[i];
  return sum + b[j];
}

/**
 * Turn the sign of each unit that fewer samples raise than lower.
 * @param {Layer} layer @param {ArrayLike<number>[]} samples
 */
function flip(layer, samples) {
  const { n, w, b } = layer;
  for (let j = 0; j < b.length; j++) {
    if (samples.reduce((raised, x) => raised + Math.sign(sumOf(layer, j, x)), 0) >= 0) continue;
    b[j] = -b[j];
    for (let i = j * n; i < (j + 1) * n; i++) w[i] = -w[i];
  }
}

/** @param {Settings} settings @param {Layer[]} layers @param {ArrayLike<number>} x */
function forward(settings, layers, x) {
  const slope = settings.leaky_slope;
  let inputs = x;
  for (let depth = 0; depth < layers.length; depth++) {
    const layer = layers[depth];
    for (let j = 0; j < layer.out.length; j++) layer.out[j] = activate(layer.kind, sumOf(layer, j, inputs), slope);
    inputs = layer.out;
  }
  return inputs[0];
}

/**
 * Update the network on one sample; return its squared error before the update.
 * @param {Settings} settings @param {Layer[]} layers @param {number[]} x @param {number} y
 */
function learn(settings, layers, x, y) {
  const difference = forward(settings, layers, x) - y;
  const slope = settings.leaky_slope;
  const updatesFirst = settings.error_weights === "updated";
  layers[layers.length - 1].delta[0] = 2 * difference;
  for (let depth = layers.length - 1; depth >= 0; depth--) {
    const layer = layers[depth];
    const { kind, out, delta } = layer;
    for (let j = 0; j < out.length; j++) delta[j] *= derivative(kind, out[j], slope);
    if (depth > 0 && !updatesFirst) passBack(layer, layers[depth - 1].delta);
    update(settings, layer, depth > 0 ? layers[depth - 1].out : x);
    if (depth > 0 && updatesFirst) passBack(layer, layers[depth - 1].delta);
  }
  return difference * difference;
}

/** @param {Settings} settings @param {Layer} layer @param {ArrayLike<number>} inputs */
function update(settings, { n, w, b, dw, db, delta }, inputs) {
  const { learning_rate: rate, momentum } = settings;
  const decays = settings.bias_update === "posted";
  for (let j = 0; j < b.length; j++) {
    for (let i = 0; i < n; i++) {
      const k = j * n + i;
      dw[k] = momentum * dw[k] - rate * (delta[j] * inputs[i]);
      w[k] += dw[k];
    }
    db[j] = momentum * db[j] - rate * (decays ? b[j] : delta[j]);
    b[j] += db[j];
  }
}

/** @param {Layer} layer @param {Float64Array} below the errors of the layer below, filled in */
function passBack({ n, w, delta }, below) {
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < delta.length; j++) sum += w[j * n + i] * delta[j];
    below[i] = sum;
  }
}

/**
 * Return whether every sample is stopped by a ReLU layer with no unit above zero.
 * @param {Settings} settings @param {Layer[]} layers
 */
function isDead(settings, layers) {
  const relu = kindOf("relu");
  return X.every((x) => {
    forward(settings, layers, x);
    return layers.some(({ kind, out }) => kind === relu && out.every((value) => value <= 0));
  });
}

/** @param {Settings} settings @param {Layer[]} layers */
function portray(settings, layers) {
  const dead = layers.map(({ out }) => Array(out.length).fill(true));
  for (const x of X) {
    forward(settings, layers, x);
    layers.forEach(({ out }, depth) => out.forEach((value, j) => { dead[depth][j] &&= value === 0; }));
  }
  const weights = layers.map(({ n, w, b }) => [...b].map((_, j) => [...w.subarray(j * n, (j + 1) * n)]));
  return { inputs: ["a", "b"], layers: weights, dead };
}
