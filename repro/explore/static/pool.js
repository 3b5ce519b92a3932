// Workers, made of the page's own script, and the runs that they have sent back.
import { Trainer } from "./training.js";

const EARLY = 25; // milliseconds that the page itself trains, while the workers start

/** @param {{seed: number, beside: boolean}} run */
const keyOf = ({ seed, beside }) => `${seed}${beside ? " beside" : ""}`;

export class Pool {
  /** @param {string} script @param {() => void} changed */
  constructor(script, changed) {
    const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    const count = Math.min(8, Math.max(1, (navigator.hardwareConcurrency || 2) - 1));
    this.workers = Array.from({ length: count }, () => new Worker(address));
    for (const worker of this.workers) worker.addEventListener("message", ({ data }) => this.take(data));
    this.changed = changed;
    this.job = 0;
    /** @type {Map<string, Known>} */
    this.runs = new Map();
  }

  /** Forget what is trained, and train a state instead. @param {State} state @param {Digits | undefined} digits */
  start({ scene, settings, follow }, digits) {
    const job = ++this.job;
    for (const run of this.runs.values()) run.snapshots = [];
    const seeds = new Set([follow, ...Array(settings.seeds).keys()]);
    const runs = [...seeds].flatMap((seed) => runsOf(scene, seed));
    this.workers.forEach((worker, i) => {
      const own = runs.filter((_, k) => k % this.workers.length === i);
      worker.postMessage({ job, scene, settings, digits, runs: own });
    });
    if (job > 1) return; // the workers have started long ago
    const early = new Trainer();
    early.take({ job, scene, settings, digits, runs });
    this.take({ job, progress: early.work(EARLY) });
  }

  /** Train one more seed, if it is not known yet. @param {State} state @param {Digits | undefined} digits */
  follow({ scene, settings, follow }, digits) {
    if (this.runs.get(keyOf({ seed: follow, beside: false }))?.snapshots.length) return;
    this.workers[0].postMessage({ job: this.job, scene, settings, digits, runs: runsOf(scene, follow) });
  }

  /** @param {{job: number, progress: Progress[]}} message */
  take({ job, progress }) {
    if (job !== this.job) return;
    for (const { seed, beside, reached, snapshot } of progress) {
      const key = keyOf({ seed, beside });
      const known = this.runs.get(key) ?? { seed, beside, snapshots: [], x: 0, y: 0 };
      known.snapshots[reached] = snapshot;
      this.runs.set(key, known);
    }
    this.changed();
  }
}

/**
 * Return the runs of a seed: its own, and that of the network beside it.
 * @param {Scene} scene @param {number} seed @returns {Run[]}
 */
const runsOf = ({ beside }, seed) => (beside ? [false, true] : [false]).map((beside) => ({ seed, beside }));
