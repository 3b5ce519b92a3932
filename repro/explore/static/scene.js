// What all scenes share: the flags of a dot, activations, the steps that are looked at.

export const BORN_DEAD = 1;
export const DEAD = 2;
export const LIT = 4; // met an exact zero
export const DIFFERS = 8;

export const ACTIVATION = ["relu", "leaky_relu", "sigmoid", "tanh"];
export const RELU = 0;
const LEAKY_RELU = 1, SIGMOID = 2, TANH = 3, LINEAR = 4;
/** @type {Record<string, number>} */
const KINDS = { relu: RELU, leaky_relu: LEAKY_RELU, sigmoid: SIGMOID, tanh: TANH, linear: LINEAR };

/** Return the activation's number: a loop compares it faster than a name. @param {string} name */
export const kindOf = (name) => KINDS[name];

/** @param {number} kind @param {number} z @param {number} slope below zero, of leaky ReLU */
export function activate(kind, z, slope) {
  if (kind === RELU) return z <= 0 ? 0 : z; // NaN stays NaN
  if (kind === SIGMOID) return 1 / (1 + Math.exp(-z));
  if (kind === LEAKY_RELU) return z <= 0 ? slope * z : z;
  return kind === TANH ? Math.tanh(z) : z;
}

/**
 * Return the derivative where the activation has this value.
 * @param {number} kind @param {number} value @param {number} slope
 */
export function derivative(kind, value, slope) {
  if (kind === RELU) return value > 0 ? 1 : 0;
  if (kind === SIGMOID) return value * (1 - value);
  if (kind === LEAKY_RELU) return value > 0 ? 1 : slope;
  return kind === LINEAR ? 1 : 1 - value * value;
}

/** Return 1, 2, 5, 10, 20, 50, ... below the last step, and the last. @param {number} last */
export function rising(last) {
  const steps = [];
  for (let power = 1; power < last; power *= 10) {
    steps.push(...[1, 2, 5].map((digit) => digit * power).filter((step) => step < last));
  }
  return [...steps, last];
}

/** @param {number} share @param {number} count */
export const outOf = (share, count) => `${share} of ${count}`;

/** @param {Snapshot[]} snapshots @param {number} flag */
export const having = (snapshots, flag) => snapshots.filter((s) => s.flags & flag).length;

/** @param {number} value */
export function power(value) {
  const exponent = Math.round(Math.log10(value));
  const digits = [...`${Math.abs(exponent)}`].map((d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[+d]).join("");
  return exponent === 0 ? "1" : exponent === -1 ? "0.1" : `10${exponent < 0 ? "⁻" : ""}${digits}`;
}

/** @param {number} value */
export const percent = (value) => `${Math.round(100 * value)} %`;
