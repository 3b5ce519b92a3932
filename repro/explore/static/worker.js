// In a worker: trains, and tells between two slices of time what it saw.
import { Trainer } from "./training.js";

const SLICES = [5, 40]; // milliseconds until the first report, and at most between two

/** Answer {digits} once, and each {job, ...} with {job, progress} until all of its runs are done. */
export function serve() {
  const trainer = new Trainer();
  /** @type {any} */
  let digits;
  let slice = SLICES[0];

  const work = () => {
    const progress = trainer.work(slice);
    slice = Math.min(SLICES[1], 2 * slice);
    if (progress.length > 0) postMessage({ job: trainer.job, progress });
    if (trainer.trainings.length > 0) setTimeout(work); // after messages that have come meanwhile
  };

  addEventListener("message", ({ data }) => {
    if (data.digits) {
      digits = data.digits;
      return;
    }
    const idle = trainer.trainings.length === 0;
    if (data.job !== trainer.job) slice = SLICES[0];
    trainer.take(data, digits);
    if (idle) work();
  });
}
