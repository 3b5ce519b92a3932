// Workers, made of the page's own script, and the runs that they have sent back.

export class Pool {
  /** @param {string} script @param {() => void} changed */
  constructor(script, changed) {
    const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    const count = Math.min(8, Math.max(1, (navigator.hardwareConcurrency || 2) - 1));
    this.workers = Array.from({ length: count }, () => new Worker(address));
    this.job = 0;
    /** @type {Map<string, Known>} */
    this.runs = new Map();
    this.changed = changed;
    for (const worker of this.workers) worker.addEventListener("message", ({ data }) => this.take(data));
  }

  /** Give the images to the workers, before any scene that needs them. @param {Digits} digits */
  send(digits) {
    for (const worker of this.workers) worker.postMessage({ digits });
  }

  /**
   * Forget what is trained, and train these seeds instead; what `follow` names is told in detail.
   * @param {Scene} scene @param {Settings} settings @param {number[]} seeds @param {number} follow
   */
  start(scene, settings, seeds, follow) {
    this.job++;
    this.runs = new Map();
    this.scene = scene;
    this.settings = settings;
    const kinds = scene.beside ? [false, true] : [false];
    const runs = seeds.flatMap((seed) => kinds.map((beside) => ({ seed, beside, detail: seed === follow })));
    this.workers.forEach((worker, i) => this.ask(worker, runs.filter((_, k) => k % this.workers.length === i)));
  }

  /** Train one more seed, or one again in detail. @param {number} seed */
  follow(seed) {
    const known = this.runs.get(keyOf({ seed, beside: false }));
    if (known?.snapshots[0]?.detail) return;
    const kinds = this.scene?.beside ? [false, true] : [false];
    kinds.forEach((beside, i) => this.ask(this.workers[i % this.workers.length], [{ seed, beside, detail: true }]));
  }

  /** @param {Worker} worker @param {Run[]} runs */
  ask(worker, runs) {
    worker.postMessage({ job: this.job, scene: this.scene?.name, settings: this.settings, runs });
  }

  /** @param {{job: number, progress: Progress[]}} message */
  take({ job, progress }) {
    if (job !== this.job) return;
    for (const { seed, beside, first, snapshots, done } of progress) {
      const key = keyOf({ seed, beside });
      const known = this.runs.get(key) ?? { seed, beside, snapshots: [], done: false };
      snapshots.forEach((snapshot, i) => {
        if (!known.snapshots[first + i]?.detail) known.snapshots[first + i] = snapshot;
      });
      known.done ||= done;
      this.runs.set(key, known);
    }
    this.changed();
  }
}

/** @param {{seed: number, beside: boolean}} run */
export const keyOf = ({ seed, beside }) => `${seed}${beside ? " beside" : ""}`;
