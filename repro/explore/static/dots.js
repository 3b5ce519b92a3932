// The picture of a scene: a dot a network, piled up by its value, over the committed runs' silhouette.
import { circle, fitted, palette, stroke } from "./canvas.js";
import { keyOf } from "./pool.js";

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
 * @typedef {{run: Known, snapshot: Snapshot}} Shown
 * @typedef {Shown & {x: number, row: number}} Place of a dot in the piles
 * @typedef {{start: number, size: number, columns: number}} Bin
 * @typedef {{radius: number, pitch: number, bins: Bin[], left: number, width: number, base: number}} Room
 */

const MARGIN = { left: 14, right: 14, top: 44, bottom: 42 };
const WIDTHS = [2, 4, 6, 10]; // columns of a bin, as many as its highest pile needs to fit

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

  /**
   * Move each dot towards its place, and draw; return whether any is still on its way.
   * @param {object} shown @param {Scene} shown.scene @param {Settings} shown.settings @param {Known[]} shown.runs
   * @param {number} shown.expected how many runs there will be
   * @param {number} shown.step index of the logged step
   * @param {number[]} shown.committed values of the study's runs, or none @param {number} shown.follow
   * @param {boolean} shown.still without motion
   */
  draw({ scene, settings, runs, expected, step, committed, follow, still }) {
    const { context, width, height } = fitted(this.canvas);
    const shown = inOrder(scene, runs, step);
    const own = shown.filter(({ run }) => !run.beside).length;
    const values = shown.map(({ snapshot }) => snapshot.value);
    const rows = (/** @type {Room} */ room) => [
      pileUp(scene.axis, room, values, shown.length), pileUp(scene.axis, room, committed, own)];
    const highest = (/** @type {Room} */ room) => Math.ceil(Math.max(1, ...rows(room).flat()));
    const space = height - MARGIN.top - MARGIN.bottom;
    const marks = scene.marks(settings);
    const rooms = WIDTHS.map((across) => roomFor(expected, scene.axis, marks, { width, height, across }));
    const room = rooms.find((one) => highest(one) * one.pitch <= space) ?? rooms[rooms.length - 1];
    this.pitch = Math.min(room.pitch, space / highest(room));
    const moving = this.move(placed(scene, shown, room), room, { step, still });
    const colours = palette(this.canvas);
    drawSilhouette(context, rows(room)[1].map((row) => row * this.pitch), room, colours);
    drawAxis(context, scene.axis, marks, room, colours);
    for (const dot of this.dots.values()) drawDot(context, dot, scene, room.radius, colours);
    context.globalAlpha = 1;
    const followed = this.dots.get(keyOf({ seed: follow, beside: false }));
    if (followed) {
      Object.assign(context, { strokeStyle: colours.ink, lineWidth: 2 });
      circle(context, [followed.x, followed.y, room.radius + 4]);
      context.stroke();
    }
    return moving;
  }

  /** @param {Map<string, Place>} targets @param {Room} room @param {{step: number, still: boolean}} time */
  move(targets, room, { step, still }) {
    let moving = false;
    for (const key of this.dots.keys()) if (!targets.has(key)) this.dots.delete(key);
    for (const [key, { x, row, run, snapshot }] of targets) {
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

/**
 * Return the runs at a step from the bottom of a pile to its top.
 * @param {Scene} scene @param {Known[]} runs @param {number} step @returns {Shown[]}
 */
function inOrder({ states }, runs, step) {
  const rank = (/** @type {Snapshot} */ { flags }) => states.findIndex(({ flag }) => flags & flag);
  return runs.filter(({ snapshots }) => snapshots.length)
    .map((run) => ({ run, snapshot: run.snapshots[Math.min(step, run.snapshots.length - 1)] }))
    .sort((a, b) => Number(a.run.beside) - Number(b.run.beside) || rank(b.snapshot) - rank(a.snapshot)
      || a.run.seed - b.run.seed);
}

/** @param {Scene} scene @param {Shown[]} shown @param {Room} room @returns {Map<string, Place>} */
function placed({ axis }, shown, room) {
  const heights = room.bins.map(({ columns }) => new Array(columns).fill(0));
  return new Map(shown.map(({ run, snapshot }) => {
    const index = binOf(axis, snapshot.value, room);
    const { start, size, columns } = room.bins[index];
    const column = heights[index].indexOf(Math.min(...heights[index]));
    const x = room.left + start + size / 2 + (column + 0.5 - columns / 2) * room.pitch;
    return [keyOf(run), { run, snapshot, x, row: heights[index][column]++ }];
  }));
}

/**
 * Return how large dots are and where they have room. Every mark is an edge of two bins, so that no dot passes it.
 * @param {number} count of the dots @param {Axis} axis @param {Mark[]} marks
 * @param {{width: number, height: number, across: number}} size of the canvas, and how many columns are a bin, about
 * @returns {Room}
 */
function roomFor(count, axis, marks, { width: whole, height, across }) {
  const radius = (count <= 60 ? 8 : count <= 300 ? 5 : 3.4) * (whole < 600 ? 0.7 : 1);
  const pitch = 2 * radius + 1;
  const width = whole - MARGIN.left - MARGIN.right;
  const edges = [0, ...marks.map(({ at }) => position(axis, at) * width).sort((a, b) => a - b), width];
  const bins = edges.slice(1).flatMap((end, i) => {
    const bins = Math.max(1, Math.round((end - edges[i]) / (pitch * across)));
    const size = (end - edges[i]) / bins;
    const columns = Math.max(1, Math.floor(size / pitch));
    return Array.from({ length: bins }, (_, k) => ({ start: edges[i] + k * size, size, columns }));
  });
  return { radius, pitch, bins, left: MARGIN.left, width, base: height - MARGIN.bottom };
}

/**
 * Return the index of a value's bin. What is beyond an end is at the end; what rounding moved below a mark is not.
 * @param {Axis} axis @param {number} value @param {Room} room
 */
function binOf(axis, value, { bins, width }) {
  const x = (Number.isFinite(value) ? position(axis, value) : axis.log ? 1 : 0) * width + 1e-6;
  let index = bins.length - 1;
  while (index > 0 && bins[index].start > x) index--;
  return index;
}

/**
 * Return how many rows of dots each bin has, if so many dots are distributed as the values are.
 * @param {Axis} axis @param {Room} room @param {number[]} values @param {number} count
 */
function pileUp(axis, room, values, count) {
  const rows = room.bins.map(() => 0);
  for (const value of values) rows[binOf(axis, value, room)] += count / values.length;
  return rows.map((dots, i) => dots / room.bins[i].columns);
}

/** @param {Axis} axis @param {number} value */
export function position({ low, high, log, none }, value) {
  const start = none ? 0.14 : 0; // what has no logarithm stands apart
  if (none && !(value > 0)) return 0.05;
  const [a, b, v] = log ? [Math.log(low), Math.log(high), Math.log(Math.max(value, low))] : [low, high, value];
  return Math.min(1, start + (1 - start) * ((v - a) / (b - a)));
}

/** @param {CanvasRenderingContext2D} context @param {number[]} heights @param {Room} room @param {Palette} colours */
function drawSilhouette(context, heights, room, colours) {
  context.fillStyle = colours.committed;
  heights.forEach((exact, i) => {
    const height = exact > 0 ? Math.max(exact, 1.5) : 0; // one run of thousands is seen, too
    context.fillRect(room.left + room.bins[i].start, room.base - height, room.bins[i].size, height);
  });
}

/**
 * @param {CanvasRenderingContext2D} context @param {Axis} axis @param {Mark[]} marks @param {Room} room
 * @param {Palette} colours
 */
function drawAxis(context, axis, marks, room, colours) {
  const { width } = room;
  const right = room.left + width;
  context.fillStyle = context.strokeStyle = colours.quiet;
  context.lineWidth = 1;
  stroke(context, [[room.left, room.base + 0.5], [right, room.base + 0.5]]);
  const ticks = axis.ticks.map((value) => ({ share: position(axis, value), text: tickOf(axis, value) }));
  if (axis.none) ticks.unshift({ share: 0.05, text: axis.none });
  context.textAlign = "left";
  let free = 0; // from here on nothing is written yet
  for (const { share, text } of ticks) {
    const x = room.left + share * width;
    const size = context.measureText(text).width;
    const start = Math.max(room.left, Math.min(right - size, x - size / 2));
    stroke(context, [[x, room.base], [x, room.base + 4]]);
    if (start < free) continue;
    context.fillText(text, start, room.base + 18);
    free = start + size + 6;
  }
  context.textAlign = "center";
  context.fillText(axis.label, room.left + width / 2, room.base + 36);
  marks.forEach(({ at, label }, i) => {
    const x = room.left + position(axis, at) * width;
    const [side, top] = [x > right - 90 ? -4 : 4, 14 + 14 * (i % 2)];
    Object.assign(context, { strokeStyle: colours.quiet, lineWidth: 1 });
    context.setLineDash([4, 4]);
    stroke(context, [[x, top], [x, room.base]]);
    context.setLineDash([]);
    context.textAlign = side < 0 ? "right" : "left";
    Object.assign(context, { strokeStyle: colours.paper, lineWidth: 5 });
    context.strokeText(label, x + side, top + 10); // over another mark's line
    context.fillText(label, x + side, top + 10);
  });
}

/** @param {Scene["states"]} states @param {Snapshot} snapshot @param {Palette} colours */
export function colourOf(states, snapshot, colours) {
  const state = states.findIndex(({ flag }) => snapshot.flags & flag);
  return state < 0 ? colours.alive : colours.states[state];
}

/** @param {Axis} axis @param {number} value */
const tickOf = ({ log, low, show }, value) => (log && value === low ? "≤ " : "") + show(value);

/**
 * @param {CanvasRenderingContext2D} context @param {Dot} dot @param {Scene} scene @param {number} radius
 * @param {Palette} colours
 */
function drawDot(context, { x, y, beside, late, snapshot }, { states }, radius, colours) {
  context.globalAlpha = late ? 0.4 : 1;
  context.fillStyle = colourOf(states, snapshot, colours);
  Object.assign(context, { strokeStyle: colours.beside, lineWidth: 2 });
  circle(context, [x, y, beside ? radius - 1.2 : radius]);
  if (beside) context.stroke();
  else context.fill();
}
