// What all scenes share: the shape of a scene, the flags of a dot, activations, the steps that are looked at.

/**
 * @typedef {Record<string, any>} Settings parameters of the thread's experiment, by their names there
 *
 * @typedef {object} Control
 * @property {string} name of the parameter
 * @property {string} label
 * @property {any[]} values numbers make a slider, words a list, true and false a box
 * @property {(value: any) => string} [show]
 * @property {any[]} [marked] the first, the middle and the last value of a slider
 *
 * @typedef {{at: number, label: string}} Mark a line at a value
 *
 * @typedef {object} Snapshot a network at a logged step
 * @property {number} value on the scene's axis; NaN once it has diverged
 * @property {number} flags
 * @property {any} [detail] of a network that is followed: see `portrait.js`
 *
 * @typedef {object} Scene
 * @property {string} name of the thread
 * @property {string} hint
 * @property {Control[]} controls
 * @property {Settings} settings what differs here from the experiment's defaults, such as fewer images
 * @property {string} horizon the parameter that says how long a network trains
 * @property {string} unit of the steps
 * @property {number} wave how many networks a worker trains side by side
 * @property {number[]} seeds how many one can ask for, the usual number first
 * @property {{label: string, low: number, high: number, ticks: number[], log?: boolean, none?: string,
 *   show: (value: number) => string}} axis
 * @property {{flag: number, label: string}[]} states what a dot's colours mean, the first that it has
 * @property {string} alive what a dot without these is
 * @property {(settings: Settings) => Mark[]} marks
 * @property {(snapshots: Snapshot[], settings: Settings) => string} tell
 * @property {(settings: Settings) => number[]} steps
 * @property {(settings: Settings) => Settings} [beside] a second network for each seed, to compare with
 * @property {string} [digits] what is said of the images that the page carries
 * @property {string} [other] how the study's run of a seed is another than the page's
 * @property {(settings: Settings) => {python: string, remark: string} | undefined} [beyond] of settings that the
 *   experiment lacks: what makes it take them in Python, and why no command does
 * @property {string[]} smaller parameters whose values may be the page's own: it is smaller than the study
 * @property {{name: string, x: string, y: string}} [grid] the committed sweep that is shown as a map
 * @property {(settings: Settings, seed: number, detail: boolean, digits: any) => Generator<Snapshot>} train
 */

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
