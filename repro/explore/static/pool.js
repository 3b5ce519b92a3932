// Workers, made of the page's own script, and the runs that they have sent back.
import { Trainer } from "./training.js";

const EARLY = 25; // milliseconds that the page itself trains, while the workers start

/** @param {{seed: number, beside: boolean}} run */
export const keyOf = ({ seed, beside }) => `${seed}${beside ? " beside" : ""}`;

export class Pool {
  /** @param {string} script @param {() => void} changed */
  constructor(script, changed) {
    const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    const count = Math.min(8, Math.max(1, (navigator.hardwareConcurrency || 2) - 1));
    this.workers = Array.from({ length: count }, () => new Worker(address));
    for (const worker of this.workers) worker.addEventListener("message", ({ data }) => this.take(data));
    this.changed = changed;
    this.job = 0;
    /** @type {any} */
    this.digits = undefined;
    /** @type {Map<string, Known>} */
    this.runs = new Map();
  }

  /** Give the images to the workers, before any scene that needs them. @param {Digits} digits */
  send(digits) {
    this.digits = digits;
    for (const worker of this.workers) worker.postMessage({ digits });
  }

  /** Forget what is trained, and train a state instead. @param {State} state */
  start(state) {
    this.job++;
    this.runs = new Map();
    const seeds = new Set([...Array(state.settings.seeds).keys(), state.follow]);
    const runs = [...seeds].flatMap((seed) => runsOf(state, seed));
    this.workers.forEach((worker, i) => {
      const own = runs.filter((_, k) => k % this.workers.length === i);
      worker.postMessage(this.jobOf(state, own));
    });
    if (this.job > 1) return; // the workers have started long ago
    const early = new Trainer();
    early.take(this.jobOf(state, runs), this.digits);
    this.take({ job: this.job, progress: early.work(EARLY) });
  }

  /** Train one more seed, or one again in detail. @param {State} state */
  follow(state) {
    if (this.runs.get(keyOf({ seed: state.follow, beside: false }))?.snapshots[0]?.detail) return;
    this.workers[0].postMessage(this.jobOf(state, runsOf(state, state.follow)));
  }

  /** @param {State} state @param {Run[]} runs @returns {Job} */
  jobOf({ scene, settings }, runs) {
    return { job: this.job, scene, settings, runs };
  }

  /** @param {{job: number, progress: Progress[]}} message */
  take({ job, progress }) {
    if (job !== this.job) return;
    for (const { seed, beside, first, snapshots } of progress) {
      const key = keyOf({ seed, beside });
      const known = this.runs.get(key) ?? { seed, beside, snapshots: [] };
      snapshots.forEach((snapshot, i) => {
        if (!known.snapshots[first + i]?.detail) known.snapshots[first + i] = snapshot;
      });
      this.runs.set(key, known);
    }
    this.changed();
  }
}

/**
 * Return the runs of a seed: its own, and that of the network beside it.
 * @param {State} state @param {number} seed @returns {Run[]}
 */
const runsOf = ({ scene, follow }, seed) =>
  (scene.beside ? [false, true] : [false]).map((beside) => ({ seed, beside, follow: seed === follow }));
