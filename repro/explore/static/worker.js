// In a worker: trains many seeds in turns, the one that has come least far first, and tells what it saw of them.
import { scenes } from "./scenes.js";

const SLICES = [5, 40]; // milliseconds until the first report, and at most between two

/** Answer {digits} once, and {job, scene, settings, runs} with {job, progress} until all runs are done. */
export function serve() {
  /** @type {Digits | null} */
  let digits = null;
  let job = -1;
  let slice = SLICES[0];
  /** @type {Training[]} */
  let trainings = [];

  const work = () => {
    const end = performance.now() + slice;
    slice = Math.min(SLICES[1], 2 * slice);
    /** @type {Map<Training, Progress>} */
    const progress = new Map();
    while (trainings.length > 0 && performance.now() < end) {
      const training = trainings.reduce((least, other) => (rank(other) < rank(least) ? other : least));
      const { value: snapshot, done } = training.generator.next();
      const { seed, beside, detail, reached } = training;
      const report = progress.get(training) ?? { seed, beside, detail, first: reached, snapshots: [], done: false };
      if (done) trainings = trainings.filter((other) => other !== training);
      else report.snapshots.push(snapshot);
      report.done = Boolean(done);
      training.reached++;
      progress.set(training, report);
    }
    if (progress.size > 0) postMessage({ job, progress: [...progress.values()] });
    if (trainings.length > 0) setTimeout(work); // after messages that have come meanwhile
  };

  addEventListener("message", ({ data }) => {
    if (data.digits) {
      digits = data.digits;
      return;
    }
    const idle = trainings.length === 0;
    if (data.job !== job) {
      trainings = [];
      slice = SLICES[0];
    }
    job = data.job;
    const scene = scenes[data.scene];
    for (const run of data.runs) {
      const settings = run.beside && scene.beside ? scene.beside(data.settings) : data.settings;
      const wave = Math.floor(trainings.length / scene.wave);
      trainings.push({ ...run, wave, reached: 0, generator: scene.train(settings, run.seed, run.detail, digits) });
    }
    if (idle) work();
  });
}

/** The run that is followed goes first, then each wave of runs side by side. @param {Training} training */
const rank = ({ detail, wave, reached }) => (detail ? reached - 1e6 : reached + 1e3 * wave);
