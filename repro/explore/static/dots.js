// The picture of a scene: a dot a network, piled up by its value, over the committed runs' silhouette.
import { keyOf } from "./pool.js";
/** @import { Known } from "./pool.js" */
/** @import { Scene, Settings, Snapshot } from "./scene.js" */

/**
 * @typedef {object} Dot
 * @property {string} key
 * @property {number} seed
 * @property {boolean} beside
 * @property {number} x
 * @property {number} y
 * @property {Snapshot} snapshot
 * @property {boolean} late it has not come as far as the others
 *
 * @typedef {{width: number, height: number, radius: number, columns: number, left: number, base: number}} Room
 */

const MARGIN = { left: 14, right: 14, top: 34, bottom: 40 };

export class Dots {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    /** @type {Map<string, Dot>} */
    this.dots = new Map();
    this.pitch = 0;
  }

  forget() {
    this.dots.clear();
  }

  /** Fit the canvas to its place on the page, and the dots to their number. @param {number} count @returns {Room} */
  room(count) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const ratio = devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(width * ratio)) this.canvas.width = Math.round(width * ratio);
    if (this.canvas.height !== Math.round(height * ratio)) this.canvas.height = Math.round(height * ratio);
    const radius = (count <= 60 ? 8 : count <= 300 ? 5 : 3.4) * (width < 600 ? 0.7 : 1);
    const columns = Math.max(2, Math.floor((width - MARGIN.left - MARGIN.right) / (2 * radius + 1)));
    return { width, height, radius, columns, left: MARGIN.left, base: height - MARGIN.bottom };
  }

  /**
   * Return the column of a value: 0 to columns - 1. Two columns make a bin. Beyond an end is at the end.
   * @param {Scene["axis"]} axis @param {number} value @param {Room} room
   */
  bin(axis, value, room) {
    const bins = Math.floor(room.columns / 2);
    const share = Number.isFinite(value) ? position(axis, value) : axis.log ? 1 : 0;
    return Math.max(0, Math.min(bins - 1, Math.floor(share * bins)));
  }

  /**
   * Move each dot towards its place, and draw; return whether any is still on its way.
   * @param {object} shown @param {Scene} shown.scene @param {Settings} shown.settings @param {Known[]} shown.runs
   * @param {number} shown.expected how many runs there will be
   * @param {number} shown.step index of the logged step
   * @param {number[]} shown.committed values of the study's runs, or none @param {number} shown.follow
   * @param {boolean} shown.still without motion
   */
  draw({ scene, settings, runs, expected, step, committed, follow, still }) {
    const room = this.room(expected);
    const places = this.places(scene, runs, step, room);
    const own = runs.filter(({ beside }) => !beside).length || 1;
    const silhouette = histogram(committed, (value) => this.bin(scene.axis, value, room), Math.floor(room.columns / 2));
    const highest = Math.max(1, ...places.heights, ...silhouette.map((share) => (share * own) / 2));
    this.pitch = Math.min(2 * room.radius + 1, (room.base - MARGIN.top) / highest);
    const moving = this.move(places.targets, room, { step, still });
    const context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    const ratio = devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, room.width, room.height);
    const colours = palette(this.canvas);
    drawSilhouette(context, silhouette.map((share) => (share * own) / 2 * this.pitch), room, colours);
    drawAxis(context, scene, settings, room, colours);
    for (const dot of this.dots.values()) drawDot(context, dot, scene, room.radius, colours);
    context.globalAlpha = 1;
    const followed = this.dots.get(keyOf({ seed: follow, beside: false }));
    if (followed) ring(context, followed, room.radius + 4, colours.ink, 2);
    return moving;
  }

  /**
   * Return where each dot belongs (column and row of its pile), and how high the piles are.
   * @param {Scene} scene @param {Known[]} runs @param {number} step @param {Room} room
   */
  places(scene, runs, step, room) {
    const heights = new Array(room.columns).fill(0);
    /** @type {Map<string, {column: number, row: number, run: Known, snapshot: any}>} */
    const targets = new Map();
    const rank = (/** @type {any} */ s) => scene.states.findIndex(({ flag }) => s.flags & flag);
    const shown = runs.map((run) => ({ run, snapshot: run.snapshots[Math.min(step, run.snapshots.length - 1)] }))
      .filter(({ snapshot }) => snapshot)
      .sort((a, b) => rank(b.snapshot) - rank(a.snapshot) || a.run.seed - b.run.seed)
      .sort((a, b) => Number(a.run.beside) - Number(b.run.beside));
    for (const { run, snapshot } of shown) {
      const bin = this.bin(scene.axis, snapshot.value, room);
      const column = heights[2 * bin] <= heights[2 * bin + 1] ? 2 * bin : 2 * bin + 1;
      targets.set(keyOf(run), { column, row: heights[column]++, run, snapshot });
    }
    return { targets, heights };
  }

  /** @param {Map<string, any>} targets @param {Room} room @param {{step: number, still: boolean}} time */
  move(targets, room, { step, still }) {
    let moving = false;
    for (const key of this.dots.keys()) if (!targets.has(key)) this.dots.delete(key);
    for (const [key, { column, row, run, snapshot }] of targets) {
      const x = room.left + (column + 0.5) * (2 * room.radius + 1);
      const y = room.base - (row + 0.5) * this.pitch - 1;
      const top = still ? y : MARGIN.top;
      const dot = this.dots.get(key) ?? { key, seed: run.seed, beside: run.beside, x, y: top, snapshot, late: false };
      dot.snapshot = snapshot;
      dot.late = run.snapshots.length <= step;
      const speed = still ? 1 : 0.22;
      dot.x += (x - dot.x) * speed;
      dot.y += (y - dot.y) * speed;
      moving ||= Math.abs(x - dot.x) + Math.abs(y - dot.y) > 0.3;
      this.dots.set(key, dot);
    }
    return moving;
  }

  /** Return the dot nearest to a point of the canvas, if one is near. @param {number} x @param {number} y */
  nearest(x, y) {
    const away = (/** @type {Dot} */ dot) => Math.hypot(dot.x - x, dot.y - y);
    const all = [...this.dots.values()].sort((a, b) => away(a) - away(b));
    return all.length && away(all[0]) < 22 ? all[0] : null;
  }
}

/** @param {Scene["axis"]} axis @param {number} value */
export function position({ low, high, log, none }, value) {
  const start = none ? 0.14 : 0; // what has no logarithm stands apart
  if (none && !(value > 0)) return 0.05;
  const [a, b, v] = log ? [Math.log(low), Math.log(high), Math.log(Math.max(value, low))] : [low, high, value];
  return start + (1 - start) * ((v - a) / (b - a));
}

/** @param {number[]} values @param {(value: number) => number} bin @param {number} bins */
function histogram(values, bin, bins) {
  const shares = new Array(bins).fill(0);
  for (const value of values) shares[bin(value)] += 1 / values.length;
  return shares;
}

/** @param {Element} element */
export function palette(element) {
  const style = getComputedStyle(element);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: colour("ink"),
    quiet: colour("quiet"),
    rule: colour("rule"),
    paper: colour("paper"),
    raised: colour("raised"),
    alive: colour("alive"),
    states: [colour("state-0"), colour("state-1")],
    beside: colour("beside"),
    committed: colour("committed"),
  };
}

/** @typedef {ReturnType<typeof palette>} Palette */

/** @param {CanvasRenderingContext2D} context @param {number[]} heights @param {Room} room @param {Palette} colours */
function drawSilhouette(context, heights, room, colours) {
  const width = 2 * (2 * room.radius + 1);
  context.fillStyle = colours.committed;
  heights.forEach((exact, bin) => {
    const height = exact > 0 ? Math.max(exact, 1.5) : 0; // one run of thousands is seen, too
    context.fillRect(room.left + bin * width, room.base - height, width, height);
  });
}

/**
 * @param {CanvasRenderingContext2D} context @param {Scene} scene @param {Settings} settings @param {Room} room
 * @param {Palette} colours
 */
function drawAxis(context, { axis, marks }, settings, room, colours) {
  const width = room.columns * (2 * room.radius + 1);
  const at = (/** @type {number} */ value) => room.left + position(axis, value) * width;
  context.font = `12px ${getComputedStyle(document.body).getPropertyValue("--sans")}`;
  context.fillStyle = colours.quiet;
  context.strokeStyle = colours.quiet;
  context.lineWidth = 1;
  line(context, room.left, room.base + 0.5, room.left + width, room.base + 0.5);
  const all = [...axis.ticks.map((value) => ({ x: at(value), text: axis.show(value) })),
    ...(axis.none ? [{ x: room.left + 0.05 * width, text: axis.none }] : [])];
  for (const { x, text } of all) {
    line(context, x, room.base, x, room.base + 4);
    context.textAlign = x < room.left + 20 ? "left" : x > room.left + width - 20 ? "right" : "center";
    context.fillText(text, x, room.base + 17);
  }
  context.textAlign = "center";
  context.fillText(axis.label, room.left + width / 2, room.base + 34);
  context.setLineDash([4, 4]);
  marks(settings).forEach(({ at: value, label }, i) => {
    const x = at(value);
    line(context, x, 16 + 13 * (i % 2), x, room.base);
    context.textAlign = x > room.left + width - 60 ? "right" : "left";
    context.fillText(label, x + (context.textAlign === "left" ? 4 : -4), 24 + 13 * (i % 2));
  });
  context.setLineDash([]);
}

/**
 * @param {CanvasRenderingContext2D} context @param {Dot} dot @param {Scene} scene @param {number} radius
 * @param {Palette} colours
 */
function drawDot(context, dot, scene, radius, colours) {
  context.globalAlpha = dot.late ? 0.4 : 1;
  if (dot.beside) {
    ring(context, dot, radius - 1.2, colours.beside, 2);
    return;
  }
  const state = scene.states.findIndex(({ flag }) => dot.snapshot.flags & flag);
  context.fillStyle = state < 0 ? colours.alive : colours.states[state];
  context.beginPath();
  context.arc(dot.x, dot.y, radius, 0, 2 * Math.PI);
  context.fill();
}

/**
 * @param {CanvasRenderingContext2D} context @param {{x: number, y: number}} centre @param {number} radius
 * @param {string} colour @param {number} width
 */
function ring(context, { x, y }, radius, colour, width) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}

/**
 * @param {CanvasRenderingContext2D} context @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2
 */
function line(context, x1, y1, x2, y2) {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}
