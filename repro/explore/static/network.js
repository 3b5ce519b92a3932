// Dense networks, small and large, and the one step that trains them all.

const KINDS = ["relu", "leaky_relu", "sigmoid", "tanh", "linear"];
const [RELU, , SIGMOID, TANH] = KINDS.keys(); // a loop compares numbers faster than names

/** @param {number} n @returns {Uint32Array} 0 to n - 1 */
export const count = (n) => new Uint32Array(n).map((_, i) => i);

/**
 * Draw a layer's weights, input by input or, as some threads do, unit by unit; then come rows of zeros.
 * @param {number} inputs @param {number} units @param {() => number} number
 * @param {{byUnit?: boolean, zeros?: number}} [how] one row of zeros, for the biases, if nothing else is said
 */
export function drawKernel(inputs, units, number, { byUnit = false, zeros = 1 } = {}) {
  const kernel = new Float64Array((inputs + zeros) * units);
  for (let k = 0; k < inputs * units; k++) {
    kernel[byUnit ? (k % inputs) * units + Math.floor(k / inputs) : k] = number();
  }
  return kernel;
}

/**
 * Return an input of samples that have so many values each, one sample behind another.
 * @param {number} width @param {Float64Array} values @param {Float64Array} [moves] @returns {Input}
 */
function makeInput(width, values, moves = values) {
  const starts = count(values.length / width + 1).map((sample) => sample * width);
  const rows = new Uint16Array(values.length).map((_, k) => k % width);
  return { starts, rows, values, moves, target: new Float64Array() };
}

/**
 * Return what a network gets of samples: their values and, for the biases, a 1.
 * @param {number[][]} samples @param {number[]} target @returns {Input}
 */
export function inputOf(samples, target) {
  const values = Float64Array.from(samples.flatMap((sample) => [...sample, 1]));
  return { ...makeInput(samples[0].length + 1, values), target: Float64Array.from(target) };
}

/**
 * @param {Float64Array} kernel a row of weights for each input, the last row for the bias
 * @param {number} units @param {string} activation
 * @param {Partial<{samples: number, slope: number, atZero: number, carries: boolean, masked: boolean}>} how samples: as
 *   many as it has room for; carries: errors pass back with the derivative; masked: the weights above move by its
 *   derivatives in place of its outputs
 */
export function makeLayer(kernel, units, activation, how = {}) {
  const { samples = 1, carries = true, masked = false } = how;
  const slope = { relu: 0, linear: 1 }[activation] ?? how.slope ?? 0;
  const atZero = how.atZero ?? slope;
  const [sums, errors, steps] = [0, 0, 0].map(() => new Float64Array(samples * units));
  const [out, gates] = [1, 1].map((one) => new Float64Array(samples * (units + 1)).fill(one));
  const output = makeInput(units + 1, out, masked ? gates : out);
  const kind = KINDS.indexOf(activation);
  const numbers = { sums, errors, steps, out, gates, changes: new Float64Array(kernel.length) };
  const given = { output, input: output, samples: count(samples) }; // the latter two are of what is below
  return Object.assign({ kernel, units, kind, slope, atZero, carries }, numbers, given);
}

/** @typedef {ReturnType<typeof makeLayer>} Layer its derivatives are gates; behind each sample's comes a 1 */

const AS_USUAL = {
  rate: 0,
  momentum: 0,
  factor: 1, // of the loss: its derivative is so many times the outputs' difference from their targets
  softmax: false, // of the last layer's sums
  biased: true, // biases move
  decays: false, // ... by themselves in place of their gradient
  updatesFirst: false, // errors pass back through weights that have moved
  single: false, // products and sums are rounded, as in single precision
};

const round = Math.fround;

/** @param {number} value @param {boolean} single whether it is rounded */
export const keep = (value, single) => (single ? round(value) : value);

export class Network {
  /** @param {Layer[]} layers @param {Partial<typeof AS_USUAL>} [how] */
  constructor(layers, how) {
    this.layers = layers;
    this.last = layers[layers.length - 1];
    this.how = { ...AS_USUAL, ...how };
    this.moved = true; // some weight, in the latest step
    for (let depth = 1; depth < layers.length; depth++) layers[depth].input = layers[depth - 1].output;
  }

  /** Return the outputs on some samples, behind each sample's a 1. @param {Input} input @param {Uint32Array} samples */
  forward(input, samples) {
    const { layers, last, how } = this;
    layers[0].input = input;
    layers[0].samples = samples;
    for (const layer of layers) {
      weigh(layer, samples.length, how.single);
      respond(layer, samples.length);
    }
    if (how.softmax) toShares(last, samples.length);
    return last.out;
  }

  /**
   * Take a step along the gradient; return the squared error before it.
   * @param {Input} input @param {Uint32Array} samples
   */
  descend(input, samples) {
    const { layers, last, how } = this;
    this.forward(input, samples);
    this.moved = false;
    const loss = setErrors(last, input.target, samples, how);
    for (let depth = layers.length - 1; depth >= 0; depth--) {
      const layer = layers[depth];
      const below = depth > 0 ? layers[depth - 1] : undefined;
      setSteps(layer, samples.length, how.single);
      if (!how.updatesFirst) passBack(layer, below, samples.length, how.single);
      if (move(layer, samples.length, how)) this.moved = true;
      if (how.updatesFirst) passBack(layer, below, samples.length, how.single);
    }
    return loss;
  }
}

/** @typedef {Network["how"]} How */

/**
 * Add up weighted inputs, four rows at a time so that sums are read less often.
 * @param {Layer} layer @param {number} n samples @param {boolean} single
 */
function weigh({ kernel, units, sums, samples, input: { starts, rows, values } }, n, single) {
  for (let i = 0; i < n; i++) {
    const first = i * units;
    const end = starts[samples[i] + 1];
    let k = starts[samples[i]];
    for (let at = first; at < first + units; at++) sums[at] = 0;
    for (; !single && k + 3 < end; k += 4) {
      const p = values[k];
      const q = values[k + 1];
      const r = values[k + 2];
      const s = values[k + 3];
      const a = rows[k] * units;
      const b = rows[k + 1] * units;
      const c = rows[k + 2] * units;
      const d = rows[k + 3] * units;
      for (let j = 0, at = first; j < units; j++, at++) {
        sums[at] += p * kernel[a + j] + q * kernel[b + j] + r * kernel[c + j] + s * kernel[d + j];
      }
    }
    for (; k < end; k++) {
      const x = values[k];
      const a = rows[k] * units;
      if (single) for (let j = 0; j < units; j++) sums[first + j] = round(sums[first + j] + round(x * kernel[a + j]));
      else for (let j = 0; j < units; j++) sums[first + j] += x * kernel[a + j];
    }
  }
}

/** Set what a layer gives for its sums, and its derivatives there. @param {Layer} layer @param {number} n samples */
function respond({ kind, slope, atZero, units, sums, out, gates }, n) {
  for (let k = 0, at = 0; k < n * units; at++) {
    for (const end = k + units; k < end; k++, at++) {
      const z = sums[k];
      if (kind === SIGMOID) {
        out[at] = 1 / (1 + Math.exp(-z));
        gates[at] = out[at] * (1 - out[at]);
      } else if (kind === TANH) {
        out[at] = Math.tanh(z);
        gates[at] = 1 - out[at] * out[at];
      } else {
        out[at] = z > 0 ? z : z <= 0 && slope === 0 ? 0 : slope * z; // NaN stays NaN
        gates[at] = z > 0 ? 1 : z === 0 ? atZero : slope;
      }
    }
  }
}

/** Replace outputs, which are sums, by their softmax. @param {Layer} last @param {number} n samples */
function toShares({ units, out }, n) {
  for (let i = 0; i < n; i++) {
    const own = out.subarray(i * (units + 1), i * (units + 1) + units);
    const highest = Math.max(...own);
    own.set(own.map((sum) => Math.exp(sum - highest)));
    const total = own.reduce((sum, power) => sum + power, 0);
    own.set(own.map((power) => power / total));
  }
}

/**
 * Set the last layer's errors; return the sum of their squares.
 * @param {Layer} last @param {Float64Array} target @param {Uint32Array} samples @param {How} how
 */
function setErrors({ units, errors, out }, target, samples, { factor, single }) {
  let loss = 0;
  for (let i = 0, k = 0; i < samples.length; i++) {
    for (let j = 0; j < units; j++, k++) {
      const error = keep(out[k + i] - target[samples[i] * units + j], single);
      loss = keep(loss + keep(error * error, single), single);
      errors[k] = error * factor;
    }
  }
  return loss;
}

/** @param {Layer} layer @param {number} n samples @param {boolean} single */
function setSteps({ units, errors, gates, steps }, n, single) {
  for (let i = 0, k = 0; i < n; i++) {
    for (const end = k + units; k < end; k++) steps[k] = keep(errors[k] * gates[k + i], single);
  }
}

/** @param {Layer} layer @param {Layer | undefined} below @param {number} n samples @param {boolean} single */
function passBack({ kernel, units, carries, steps, errors }, below, n, single) {
  if (!below) return;
  const back = carries ? steps : errors;
  for (let i = 0, at = 0; i < n; i++) {
    const first = i * units;
    for (let k = 0; k < below.units * units; at++) {
      let error = 0;
      if (single) for (let j = first; j < first + units; j++) error = round(error + round(kernel[k++] * back[j]));
      else for (let j = first; j < first + units; j++) error += kernel[k++] * back[j];
      below.errors[at] = error;
    }
  }
}

/**
 * Move weights by the gradient; return whether any has moved. One sample moves them directly.
 * @param {Layer} layer @param {number} n samples @param {How} how
 */
function move(layer, n, how) {
  const { kernel, changes, units } = layer;
  const isDirect = n === 1 && how.momentum === 0;
  const weights = isDirect ? kernel : changes;
  const factor = isDirect ? -how.rate : 1;
  spread(layer, weights, n, factor, how);
  if (how.decays) for (let k = kernel.length - units; k < kernel.length; k++) weights[k] += factor * kernel[k];
  return isDirect || add(layer, how);
}

/**
 * Add the samples' gradients, times a factor, to the kernel or to its changes.
 * @param {Layer} layer @param {Float64Array} weights the one or the other @param {number} n samples
 * @param {number} factor @param {How} how
 */
function spread({ units, steps, samples, input: { starts, rows, moves } }, weights, n, factor, how) {
  const { single } = how;
  for (let i = 0; i < n; i++) {
    const first = i * units;
    const end = starts[samples[i] + 1] - (how.biased && !how.decays ? 0 : 1);
    let size = 0;
    for (let at = first; at < first + units; at++) size += Math.abs(steps[at]);
    let k = size === 0 ? end : starts[samples[i]]; // dead units have no gradient
    for (; !single && k + 1 < end; k += 2) {
      const p = factor * moves[k];
      const q = factor * moves[k + 1];
      const a = rows[k] * units;
      const b = rows[k + 1] * units;
      for (let j = 0; j < units; j++) {
        weights[a + j] += p * steps[first + j];
        weights[b + j] += q * steps[first + j];
      }
    }
    for (; k < end; k++) {
      const p = factor * moves[k];
      const a = rows[k] * units;
      if (single) for (let j = 0; j < units; j++) weights[a + j] = round(weights[a + j] + round(p * steps[first + j]));
      else for (let j = 0; j < units; j++) weights[a + j] += p * steps[first + j];
    }
  }
}

/**
 * Add changes, and keep of them what the next step begins with; return whether any weight is another.
 * @param {Layer} layer @param {How} how
 */
function add({ kernel, changes }, { rate, momentum, single }) {
  let moved = false;
  for (let k = 0; k < kernel.length; k++) {
    const old = kernel[k];
    kernel[k] = keep(old - keep(rate * changes[k], single), single);
    changes[k] *= momentum;
    if (kernel[k] !== old) moved = true; // NaN moves, too
  }
  return moved;
}

/**
 * Return which units react to any of the samples, and which samples meet a ReLU layer of which no unit does.
 * @param {Network} network @param {Input} input @param {Uint32Array} samples
 * @param {{hidden?: boolean, by?: "out" | "gates"}} [how] hidden: the last layer is not met; by: what is not 0 where a
 *   unit reacts
 */
export function examine(network, input, samples, { hidden = false, by = "out" } = {}) {
  network.forward(input, samples);
  const reacts = network.layers.map(({ units, [by]: values }) =>
    Uint8Array.from({ length: units }, (_, j) => Number(samples.some((_, i) => values[i * (units + 1) + j] !== 0))),
  );
  const met = network.layers.filter(({ kind }, depth) => kind === RELU && !(hidden && depth === reacts.length - 1));
  const silent = Array.from(samples, (_, i) =>
    met.some(({ units, sums }) => sums.subarray(i * units, (i + 1) * units).every((z) => z <= 0)),
  );
  return { reacts, silent };
}

/**
 * Return a small network as it is drawn.
 * @param {Network} network @param {Input} input @param {Uint32Array} samples @param {string[]} names of inputs
 */
export function portray(network, input, samples, names) {
  const { reacts } = examine(network, input, samples);
  return { names, reacts, kernels: network.layers.map(({ kernel }) => [...kernel]) };
}
