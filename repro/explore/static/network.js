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
 * Return what a network gets of samples, side by side, and then a row of 1 for the biases.
 * @param {number[][]} samples @param {number[]} target @returns {Input}
 */
export function makeInput(samples, target = []) {
  const rows = Uint16Array.from({ length: samples[0].length + 1 }, (_, i) => i);
  const values = Float64Array.from([...rows].flatMap((i) => samples.map((sample) => sample[i] ?? 1)));
  return { samples: samples.length, rows, values, moves: values, target };
}

const round = Math.fround; // products and sums, as in single precision

/** Round a result: half precision adds up in single precision, as numpy. @param {number} value @param {number} bits */
export function keep(value, bits) {
  if (bits === 64) return value;
  return bits === 16 ? Math.f16round(round(value)) : round(value);
}

/** @param {Float64Array} values @param {number} bits */
function keepAll(values, bits) {
  if (bits < 64) for (let k = 0; k < values.length; k++) values[k] = keep(values[k], bits);
}

export class Layer {
  /**
   * @param {Float64Array} kernel a row of weights for each input, the last row for the bias
   * @param {number} units @param {string} activation
   * @param {{samples?: number, slope?: number, atZero?: number, assigned?: boolean, carries?: boolean}} [how] assigned: the
   *   derivative at zero takes the gradient's place; carries: errors pass back with the derivative
   */
  constructor(kernel, units, activation, how = {}) {
    const { samples = 1, slope = 0, atZero = 0, assigned = false, carries = true } = how;
    this.kernel = kernel;
    this.units = units;
    this.kind = KINDS[activation];
    this.slope = slope;
    this.atZero = atZero;
    this.assigned = assigned;
    this.carries = carries;
    this.input = makeInput([[]]);
    this.sums = new Float64Array(units * samples); // of all samples for a unit, then for the next
    this.out = new Float64Array((units + 1) * samples).fill(1); // the last are for the next layer's biases
    this.gates = new Float64Array((units + 1) * samples).fill(1); // the derivatives
    this.errors = new Float64Array(units * samples);
    this.steps = new Float64Array(units * samples);
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
  updatesFirst: false, // errors pass back through weights that have moved
  bits: 64, // of numbers: 32 and 16 are rounded as if they had as many
};

export class Network {
  /** @param {Layer[]} layers @param {Partial<typeof AS_USUAL>} how */
  constructor(layers, how) {
    this.layers = layers;
    this.last = layers[layers.length - 1];
    this.how = { ...AS_USUAL, ...how };
    this.moved = true; // some weight, in the latest step
    layers.slice(1).forEach((layer, depth) => {
      const { out, gates, units } = layers[depth];
      const rows = Uint16Array.from({ length: units + 1 }, (_, i) => i);
      layer.below = layers[depth];
      layer.input = {
        samples: out.length / rows.length,
        rows,
        values: out,
        moves: this.how.masked ? gates : out,
        target: [],
      };
    });
  }

  /** Return the outputs, then a 1. @param {Input} input */
  forward(input) {
    const { layers, last, how } = this;
    layers[0].input = input;
    for (const layer of layers) {
      weigh(layer, how.bits);
      respond(layer);
    }
    if (how.softmax) toShares(last.out);
    return last.out;
  }

  /** Take a step along the gradient of a batch; return the squared error before it. @param {Input[]} batch */
  descend(batch) {
    const { layers, last, how } = this;
    const gathers = batch.length > 1;
    let loss = 0;
    this.moved = gathers;
    for (const input of batch) {
      this.forward(input);
      loss += setErrors(last, input.target, how);
      for (let layer = /** @type {Layer | undefined} */ (last); layer; layer = layer.below) {
        if (backward(layer, how, gathers)) this.moved = true;
      }
    }
    if (gathers) for (const layer of layers) update(layer, how.rate);
    return loss;
  }
}

/** @typedef {Network["how"]} How */

/**
 * Add up weighted inputs, four rows at a time so that sums are read less often.
 * @param {Layer} layer @param {number} bits
 */
function weigh({ kernel, units, sums, input: { samples, rows, values } }, bits) {
  for (let j = 0; j < sums.length; j++) sums[j] = 0;
  for (let n = 0; n < samples; n++) {
    let k = 0;
    let x = n;
    for (; bits === 64 && k + 3 < rows.length; k += 4, x += 4 * samples) {
      const a = rows[k] * units,
        b = rows[k + 1] * units,
        c = rows[k + 2] * units,
        d = rows[k + 3] * units;
      const p = values[x],
        q = values[x + samples],
        r = values[x + 2 * samples],
        s = values[x + 3 * samples];
      for (let j = 0, at = n; j < units; j++, at += samples) {
        sums[at] += p * kernel[a + j] + q * kernel[b + j] + r * kernel[c + j] + s * kernel[d + j];
      }
    }
    for (; k < rows.length; k++, x += samples) {
      const a = rows[k] * units;
      const p = values[x];
      if (bits === 64) for (let j = 0, at = n; j < units; j++, at += samples) sums[at] += p * kernel[a + j];
      else for (let j = 0, at = n; j < units; j++, at += samples) sums[at] = round(sums[at] + round(p * kernel[a + j]));
    }
  }
  keepAll(sums, bits);
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
function setErrors({ errors, out }, target, { factor, bits }) {
  let loss = 0;
  for (let j = 0; j < errors.length; j++) {
    const error = keep(out[j] - target[j], bits);
    const sum = loss + keep(error * error, bits);
    loss = bits === 64 ? sum : round(sum);
    errors[j] = error * factor;
  }
  return keep(loss, bits);
}

/** @param {Layer} layer @param {How} how @param {boolean} gathers */
function backward(layer, how, gathers) {
  const { atZero, assigned, sums, errors, gates, steps } = layer;
  let size = 0;
  for (let j = 0; j < steps.length; j++) {
    steps[j] = assigned && sums[j] === 0 ? atZero : errors[j] * gates[j];
    size += Math.abs(steps[j]);
  }
  keepAll(steps, how.bits);
  if (!how.updatesFirst) passBack(layer, how.bits);
  const isIdle = size === 0 && !how.decays && !how.momentum; // as of dead units
  const moved = !isIdle && move(layer, how, gathers);
  if (how.updatesFirst) passBack(layer, how.bits);
  return moved;
}

/** @param {Layer} layer @param {number} bits */
function passBack({ kernel, units, carries, steps, errors, input: { samples }, below }, bits) {
  if (!below) return;
  const back = carries ? steps : errors;
  for (let i = 0, at = 0; at < below.errors.length; i += units) {
    for (let n = 0; n < samples; n++, at++) {
      let error = 0;
      let j = i;
      if (bits === 64) for (let b = n; b < back.length; b += samples) error += kernel[j++] * back[b];
      else for (let b = n; b < back.length; b += samples) error = round(error + round(kernel[j++] * back[b]));
      below.errors[at] = keep(error, bits);
    }
  }
}

/** Return whether weights may have moved. @param {Layer} layer @param {How} how @param {boolean} gathers */
function move(layer, how, gathers) {
  const { kernel, velocity, gradient, units, input } = layer;
  const { biased, decays, rate, momentum, bits } = how;
  const count = biased && !decays ? input.rows.length : input.rows.length - 1;
  if (input.samples > 1 || bits < 64) return moveTogether(layer, how, count);
  const weights = gathers ? gradient : momentum ? velocity : kernel;
  if (momentum) for (let at = 0; at < kernel.length; at++) velocity[at] *= momentum;
  spread(layer, count, weights, gathers ? -1 : rate);
  if (decays) for (let at = kernel.length - units; at < kernel.length; at++) weights[at] -= rate * kernel[at];
  if (momentum) for (let at = 0; at < kernel.length; at++) kernel[at] += velocity[at];
  return true;
}

/**
 * Subtract a rate times a sample's gradient, two rows at a time so that steps are read less often.
 * @param {Layer} layer @param {number} count of rows @param {Float64Array} weights @param {number} rate
 */
function spread({ units, steps, input: { rows, moves } }, count, weights, rate) {
  let k = 0;
  for (; k + 1 < count; k += 2) {
    const p = moves[k];
    const q = moves[k + 1];
    for (let j = 0, a = rows[k] * units, b = rows[k + 1] * units; j < units; j++, a++, b++) {
      weights[a] -= rate * (p * steps[j]);
      weights[b] -= rate * (q * steps[j]);
    }
  }
  for (; k < count; k++) {
    const a = rows[k] * units;
    for (let j = 0; j < units; j++) weights[a + j] -= rate * (moves[k] * steps[j]);
  }
}

/** @param {Layer} layer @param {How} how @param {number} count of rows */
function moveTogether({ kernel, units, steps, input: { samples, rows, moves } }, { rate, bits }, count) {
  let moved = false;
  for (let k = 0; k < count; k++) {
    let at = rows[k] * units;
    for (let b = 0; b < steps.length; at++) {
      let gradient = 0;
      let m = k * samples;
      const end = b + samples;
      if (bits === 64) for (; b < end; b++) gradient += moves[m++] * steps[b];
      else for (; b < end; b++) gradient = round(gradient + round(moves[m++] * steps[b]));
      const old = kernel[at];
      kernel[at] = keep(old - keep(rate * keep(gradient, bits), bits), bits);
      if (kernel[at] !== old) moved = true; // NaN moves, too
    }
  }
  return moved;
}

/** Move weights by a batch's gradient. @param {Layer} layer @param {number} rate */
function update({ kernel, gradient }, rate) {
  for (let k = 0; k < kernel.length; k++) {
    kernel[k] -= rate * gradient[k];
    gradient[k] = 0;
  }
}

/**
 * Return which units react to any input, and which inputs meet a ReLU layer of which no unit does.
 * @param {Network} network @param {Input[]} inputs
 * @param {{layers?: Layer[], by?: "out" | "gates", look?: (sample: number) => void}} [how] the layers that inputs
 *   meet; what is not 0 where a unit reacts
 */
export function examine(network, inputs, { layers = network.layers, by = "out", look } = {}) {
  const reacts = network.layers.map(({ units }) => new Uint8Array(units));
  const silent = inputs.map((input, sample) => {
    network.forward(input);
    look?.(sample);
    reacts.forEach((units, depth) => {
      const values = network.layers[depth][by];
      const end = units.length * input.samples;
      for (let j = 0; j < end; j++) if (values[j] !== 0) units[Math.floor(j / input.samples)] = 1;
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
