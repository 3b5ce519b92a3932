// Trains many seeds in turns, the one that has come least far first: in a worker, and at first on the page.
import { stepsOf } from "./scene.js";
import { add_numbers } from "./scenes/add_numbers.js";
import { four_layers, mnist_relu } from "./scenes/digits.js";
import { relu_at_zero } from "./scenes/relu_at_zero.js";
import { truth_table } from "./scenes/truth_table.js";

/** @type {Record<string, Start>} */
const STARTS = { add_numbers, four_layers, mnist_relu, relu_at_zero, truth_table }; // by the studies' names

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

const SLICES = [5, 40]; // milliseconds until the first report, and at most between two

export class Trainer {
  job = -1;
  /** @type {Training[]} */
  trainings = [];

  /** Take more to train; another job takes the place of all. @param {Job} job */
  take({ job, scene, settings, digits, runs }) {
    if (job !== this.job) this.trainings = [];
    this.job = job;
    runs.forEach((run, i) => {
      const snapshots = train(scene, run.beside ? { ...settings, ...scene.beside } : settings, run.seed, digits);
      const wave = runs.length > 2 ? Math.floor(i / scene.wave) : -1; // one seed that is asked for comes first
      this.trainings.push({ run, wave, reached: 0, snapshots });
    });
  }

  /** Train so many milliseconds; return what was seen. @param {number} milliseconds @returns {Progress[]} */
  work(milliseconds) {
    const end = performance.now() + milliseconds;
    const progress = [];
    while (this.trainings.length > 0 && performance.now() < end) {
      const next = this.trainings.reduce((least, other) => (rank(other) < rank(least) ? other : least));
      const { value: snapshot, done } = next.snapshots.next();
      if (done) this.trainings.splice(this.trainings.indexOf(next), 1);
      else progress.push({ ...next.run, reached: next.reached++, snapshot });
    }
    return progress;
  }
}

/** Each wave of runs trains side by side. @param {Training} training */
const rank = ({ wave, reached }) => reached + 1e3 * wave;

/** In a worker: answer each job with {job, progress} until all of its runs are done. */
export function serve() {
  const trainer = new Trainer();
  const work = (/** @type {number} */ slice) => {
    const progress = trainer.work(slice);
    postMessage({ job: trainer.job, progress });
    const next = Math.min(SLICES[1], 2 * slice);
    if (trainer.trainings.length > 0) setTimeout(work, 0, next); // after messages that have come meanwhile
  };
  addEventListener("message", ({ data }) => {
    const idle = trainer.trainings.length === 0;
    trainer.take(data);
    if (idle) work(SLICES[0]);
  });
}
