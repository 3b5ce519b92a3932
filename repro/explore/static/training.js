// Trains many seeds in turns, the one that has come least far first: in a worker, and at first on the page.
import { stepsOf } from "./scene.js";
import { addNumbers } from "./scenes/add_numbers.js";
import { fourLayers, mnistRelu } from "./scenes/digits.js";
import { reluAtZero } from "./scenes/relu_at_zero.js";
import { truthTable } from "./scenes/truth_table.js";

/** @type {Record<string, Start>} */
const STARTS = {
  add_numbers: addNumbers,
  four_layers: fourLayers,
  mnist_relu: mnistRelu,
  relu_at_zero: reluAtZero,
  truth_table: truthTable,
};

/**
 * Train a network; yield what is seen of it whenever it is looked at.
 * @param {Scene} scene @param {Settings} settings @param {number} seed @param {Digits} digits
 */
export function* train(scene, settings, seed, digits) {
  const network = STARTS[scene.name](settings, seed, digits);
  let step = scene.first;
  for (const stop of stepsOf(scene, settings)) {
    while (step < stop && network.step(step) !== false) step++;
    step = stop;
    yield network.look();
  }
}

export class Trainer {
  constructor() {
    this.job = -1;
    /** @type {Training[]} */
    this.trainings = [];
  }

  /** Take more to train; another job takes the place of all. @param {Job} job @param {Digits} digits */
  take({ job, scene, settings, runs }, digits) {
    if (job !== this.job) this.trainings = [];
    this.job = job;
    for (const run of runs) {
      const snapshots = train(scene, run.beside ? { ...settings, ...scene.beside } : settings, run.seed, digits);
      const wave = Math.floor(this.trainings.length / scene.wave);
      this.trainings.push({ ...run, wave, reached: 0, snapshots });
    }
  }

  /** Train so many milliseconds; return what was seen. @param {number} milliseconds @returns {Progress[]} */
  work(milliseconds) {
    const end = performance.now() + milliseconds;
    /** @type {Map<Training, Progress>} */
    const progress = new Map();
    while (this.trainings.length > 0 && performance.now() < end) {
      const training = this.trainings.reduce((least, other) => (rank(other) < rank(least) ? other : least));
      const { seed, beside, follow, reached, snapshots } = training;
      const { value: snapshot, done } = snapshots.next();
      const report = progress.get(training) ?? { seed, beside, first: reached, snapshots: [] };
      progress.set(training, report);
      training.reached++;
      if (done) this.trainings = this.trainings.filter((other) => other !== training);
      else report.snapshots.push(follow ? snapshot : { ...snapshot, detail: undefined });
    }
    return [...progress.values()];
  }
}

/** Each wave of runs trains side by side, the run that is followed with the first. @param {Training} training */
const rank = ({ follow, wave, reached }) => (follow ? reached - 1 : reached + 1e3 * wave);
