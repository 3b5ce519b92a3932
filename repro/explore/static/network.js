// Dense networks, small and large, and the one step that trains them all.

const RELU = 0;
const LEAKY_RELU = 1;
const SIGMOID = 2;
const TANH = 3;
/** @type {Record<string, number>} a loop compares numbers faster than names */
const KINDS = { relu: RELU, leaky_relu: LEAKY_RELU, sigmoid: SIGMOID, tanh: TANH, linear: 4 };

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
 * Return what a network gets, all inputs of it.
 * @param {Iterable<number>} x @param {number[]} target @returns {Input}
 */
export function makeInput(x, target = []) {
  const values = Float64Array.from([...x, 1]);
  return { rows: Uint16Array.from(values, (_, i) => i), values, moves: values, target };
}

export class Layer {
  /**
   * @param {Float64Array} kernel a row of weights for each input, the last row for the bias
   * @param {number} units @param {string} activation
   * @param {{slope?: number, atZero?: number, assigned?: boolean, carries?: boolean}} [how] assigned: the derivative at
   *   zero takes the gradient's place; carries: errors pass back with the derivative
   */
  constructor(kernel, units, activation, { slope = 0, atZero = 0, assigned = false, carries = true } = {}) {
    this.kernel = kernel;
    this.kind = KINDS[activation];
    this.slope = slope;
    this.atZero = atZero;
    this.assigned = assigned;
    this.carries = carries;
    this.input = makeInput([]);
    this.sums = new Float64Array(units);
    this.out = new Float64Array(units + 1).fill(1); // the last is for the next layer's bias
    this.gates = new Float64Array(units + 1).fill(1); // the derivatives
    this.errors = new Float64Array(units);
    this.steps = new Float64Array(units);
    this.gradient = new Float64Array(kernel.length);
    this.velocity = new Float64Array(kernel.length);
    /** @type {Layer | undefined} */
    this.below = undefined;
  }
}

const AS_USUAL = {
  rate: 0,
  momentum: 0,
  factor: 1, // of the loss: its derivative is so many times the outputs' difference from their targets
  softmax: false, // of the last layer's sums
  biased: true, // biases move
  decays: false, // ... by themselves in place of their gradient
  masked: false, // weights move by the derivatives of the layer below in place of its outputs
  online: false, // weights move after each sample; only then is there momentum or decay
  updatesFirst: false, // errors pass back through weights that have moved
  /** @type {((value: number) => number) | undefined} */
  round: undefined, // each product and sum, if at all
  /** @type {(results: Float64Array) => void} */
  keep: () => {}, // rounds results
};

export class Network {
  /** @param {Layer[]} layers @param {Partial<typeof AS_USUAL>} how */
  constructor(layers, how) {
    this.layers = layers;
    this.last = layers[layers.length - 1];
    this.how = { ...AS_USUAL, ...how };
    this.moved = true; // some weight, in the latest step
    layers.slice(1).forEach((layer, depth) => {
      const { out, gates } = layers[depth];
      layer.below = layers[depth];
      layer.input = { ...makeInput(out.subarray(1)), values: out, moves: this.how.masked ? gates : out };
    });
  }

  /** Return the outputs, then a 1. @param {Input} input */
  forward(input) {
    const { layers, last, how } = this;
    layers[0].input = input;
    for (const layer of layers) {
      weigh(layer, how);
      how.keep(layer.sums);
      respond(layer);
    }
    if (how.softmax) toShares(last.out);
    return last.out;
  }

  /**
   * Take a step along the gradient of a batch; return the squared error before it.
   * @param {Input[]} batch @param {(sample: number) => void} [look] after each way forward
   */
  descend(batch, look) {
    const { layers, last, how } = this;
    let loss = 0;
    for (let sample = 0; sample < batch.length; sample++) {
      this.forward(batch[sample]);
      look?.(sample);
      loss += setErrors(last, batch[sample].target, how);
      for (let layer = /** @type {Layer | undefined} */ (last); layer; layer = layer.below) backward(layer, how);
    }
    if (!how.online) this.moved = layers.map((layer) => update(layer, how)).includes(true);
    return loss;
  }
}

/** @typedef {Network["how"]} How */

/**
 * Add up weighted inputs, four rows at a time so that sums are read less often.
 * @param {Layer} layer @param {How} how
 */
function weigh({ kernel, sums, input: { rows, values } }, { round }) {
  const units = sums.length;
  let k = 0;
  for (let j = 0; j < units; j++) sums[j] = 0;
  for (; !round && k + 3 < rows.length; k += 4) {
    const [a, b, c, d] = [rows[k] * units, rows[k + 1] * units, rows[k + 2] * units, rows[k + 3] * units];
    const [p, q, r, s] = [values[k], values[k + 1], values[k + 2], values[k + 3]];
    for (let j = 0; j < units; j++) {
      sums[j] += p * kernel[a + j] + q * kernel[b + j] + r * kernel[c + j] + s * kernel[d + j];
    }
  }
  for (; k < rows.length; k++) {
    const start = rows[k] * units;
    if (round) for (let j = 0; j < units; j++) sums[j] = round(sums[j] + round(values[k] * kernel[start + j]));
    else for (let j = 0; j < units; j++) sums[j] += values[k] * kernel[start + j];
  }
}

/** Set what a layer gives for its sums, and its derivatives there. @param {Layer} layer */
function respond({ kind, slope, atZero, sums, out, gates }) {
  for (let j = 0; j < sums.length; j++) {
    const z = sums[j];
    if (kind === RELU) {
      out[j] = z <= 0 ? 0 : z; // NaN stays NaN
      gates[j] = z > 0 ? 1 : z === 0 ? atZero : 0;
    } else if (kind === LEAKY_RELU) {
      out[j] = z <= 0 ? slope * z : z;
      gates[j] = z > 0 ? 1 : slope;
    } else if (kind === SIGMOID) {
      out[j] = 1 / (1 + Math.exp(-z));
      gates[j] = out[j] * (1 - out[j]);
    } else {
      out[j] = kind === TANH ? Math.tanh(z) : z;
      gates[j] = kind === TANH ? 1 - out[j] * out[j] : 1;
    }
  }
}

/** Replace sums by their softmax, but for the 1 behind them. @param {Float64Array} out */
function toShares(out) {
  const sums = out.subarray(0, -1);
  const highest = Math.max(...sums);
  let total = 0;
  for (let c = 0; c < sums.length; c++) total += sums[c] = Math.exp(sums[c] - highest);
  for (let c = 0; c < sums.length; c++) sums[c] /= total;
}

/**
 * Set the last layer's errors; return the sum of their squares.
 * @param {Layer} last @param {number[]} target @param {How} how
 */
function setErrors({ errors, out }, target, { factor, keep }) {
  let loss = 0;
  for (let j = 0; j < errors.length; j++) errors[j] = out[j] - target[j];
  keep(errors);
  for (let j = 0; j < errors.length; j++) {
    loss += errors[j] * errors[j];
    errors[j] *= factor;
  }
  return loss;
}

/** @param {Layer} layer @param {How} how */
function backward(layer, how) {
  const { atZero, assigned, carries, sums, errors, gates, steps } = layer;
  let size = 0;
  for (let j = 0; j < steps.length; j++) {
    steps[j] = assigned && sums[j] === 0 ? atZero : errors[j] * gates[j];
    size += Math.abs(steps[j]);
  }
  how.keep(steps);
  if (carries) for (let j = 0; j < steps.length; j++) errors[j] = steps[j];
  if (!how.updatesFirst) passBack(layer, how);
  const isIdle = size === 0 && !how.decays && !how.momentum; // as of dead units
  if (!isIdle) (how.online ? move : collect)(layer, how);
  if (how.updatesFirst) passBack(layer, how);
}

/** @param {Layer} layer @param {How} how */
function passBack({ kernel, errors, below }, { round, keep }) {
  if (!below) return;
  const units = errors.length;
  for (let i = 0; i < below.errors.length; i++) {
    const start = i * units;
    let error = 0;
    if (round) for (let j = 0; j < units; j++) error = round(error + round(kernel[start + j] * errors[j]));
    else for (let j = 0; j < units; j++) error += kernel[start + j] * errors[j];
    below.errors[i] = error;
  }
  keep(below.errors);
}

/** Move weights by a sample's gradient, or biases by themselves. @param {Layer} layer @param {How} how */
function move({ kernel, velocity, steps, input: { rows, moves } }, { biased, decays, rate, momentum }) {
  const units = steps.length;
  for (let k = 0; k < (biased && !decays ? rows.length : rows.length - 1); k++) {
    const start = rows[k] * units;
    const value = moves[k];
    for (let j = 0; j < units; j++) {
      velocity[start + j] = momentum * velocity[start + j] - rate * (value * steps[j]);
      kernel[start + j] += velocity[start + j];
    }
  }
  for (let at = decays ? kernel.length - units : kernel.length; at < kernel.length; at++) {
    velocity[at] = momentum * velocity[at] - rate * kernel[at];
    kernel[at] += velocity[at];
  }
}

/** Add a sample's gradient to the batch's. @param {Layer} layer @param {How} how */
function collect({ gradient, steps, input: { rows, moves } }, { biased, round }) {
  const units = steps.length;
  for (let k = 0; k < (biased ? rows.length : rows.length - 1); k++) {
    const start = rows[k] * units;
    const value = moves[k];
    if (round)
      for (let j = 0; j < units; j++) gradient[start + j] = round(gradient[start + j] + round(value * steps[j]));
    else for (let j = 0; j < units; j++) gradient[start + j] += value * steps[j];
  }
}

/** Move weights by a batch's gradient; return whether any did. @param {Layer} layer @param {How} how */
function update({ kernel, gradient }, { rate, keep }) {
  let moved = false;
  keep(gradient);
  for (let k = 0; k < kernel.length; k++) gradient[k] *= rate;
  keep(gradient);
  for (let k = 0; k < kernel.length; k++) {
    const old = kernel[k];
    kernel[k] -= gradient[k];
    gradient[k] = 0;
    if (kernel[k] !== old) moved = true; // NaN moves, too
  }
  keep(kernel);
  return moved;
}

/**
 * Return which units react to any input, and which inputs meet a ReLU layer of which no unit does.
 * @param {Network} network @param {Input[]} inputs
 * @param {{layers?: Layer[], by?: "out" | "gates", look?: (sample: number) => void}} [how] the layers that inputs
 *   meet; what is not 0 where a unit reacts
 */
export function examine(network, inputs, { layers = network.layers, by = "out", look } = {}) {
  const reacts = network.layers.map(({ sums }) => new Uint8Array(sums.length));
  const silent = inputs.map((input, sample) => {
    network.forward(input);
    look?.(sample);
    reacts.forEach((units, depth) => {
      const values = network.layers[depth][by];
      for (let j = 0; j < units.length; j++) if (values[j] !== 0) units[j] = 1;
    });
    return layers.some(({ kind, sums }) => kind === RELU && sums.every((z) => z <= 0));
  });
  return { reacts, silent };
}

/**
 * Return a small network as it is drawn.
 * @param {Network} network @param {Input[]} samples @param {string[]} names of inputs
 */
export function portray(network, samples, names) {
  const dead = examine(network, samples).reacts.map((units) => [...units].map((reacts) => !reacts));
  return { names, dead, kernels: network.layers.map(({ kernel }) => [...kernel]) };
}
