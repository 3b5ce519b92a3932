// The picture of a scene: a dot a network, piled up by its value, over the committed runs' silhouette.
import { Pen } from "./canvas.js";
import { FLAGS, marksOf } from "./scene.js";

const MARGIN = { side: 14, top: 44, bottom: 42 };
const WIDTHS = [2, 4, 6, 10]; // columns of a bin, as many as its highest pile needs to fit
const SPEED = 0.22; // of a dot: the share of its way that it goes in a frame

/**
 * Move each dot towards its place, and draw; return whether any is still on its way.
 * @param {HTMLCanvasElement} canvas @param {View} view
 */
export function drawDots(canvas, view) {
  const pen = new Pen(canvas);
  const shown = inOrder(view);
  const room = fittingRoom(pen, view, shown);
  const moving = move(shown, room, view);
  drawSilhouette(pen, room);
  drawAxis(pen, view.scene.axis, room);
  drawMarks(pen, view, room);
  for (const dot of shown) drawDot(pen, view, dot, room.radius);
  const followed = view.runs.find(({ seed, beside }) => seed === view.follow && !beside);
  if (followed) pen.circle([followed.x, followed.y, room.radius + 4], { stroke: pen.colours.ink, width: 2 });
  return moving;
}

/**
 * Return the run whose dot is nearest to a point of the canvas, if one is near.
 * @param {Known[]} runs @param {number[]} point
 */
export function nearest(runs, [x, y]) {
  const away = (/** @type {Known} */ run) => Math.hypot(run.x - x, run.y - y);
  const [run] = runs.toSorted((a, b) => away(a) - away(b));
  return run && away(run) < 22 ? run : null;
}

/** Return the networks at a step from the bottom of a pile to its top. @param {View} view @returns {Shown[]} */
function inOrder({ scene, runs, step }) {
  const shown = runs.map((run) => {
    const snapshot = run.snapshots[Math.min(step, run.snapshots.length - 1)];
    return { run, snapshot, rank: run.beside ? 2 : -stateOf(scene, snapshot) }; // of its colour, -1 is lowest
  });
  return shown.sort((a, b) => a.rank - b.rank || a.run.seed - b.run.seed);
}

/**
 * Return the index of the first state that a network is in; -1 for none.
 * @param {Scene} scene @param {Snapshot} snapshot
 */
const stateOf = ({ states }, { flags }) => states.findIndex(({ flag }) => flags & FLAGS[flag]);

/** @param {Scene} scene @param {Snapshot} snapshot @param {Record<string, string>} colours */
export const colourOf = (scene, snapshot, colours) =>
  colours[["alive", "state-0", "state-1"][stateOf(scene, snapshot) + 1]];

/**
 * Return where dots have room, with piles as broad as the highest needs to fit.
 * @param {Pen} pen @param {View} view @param {Shown[]} shown @param {number[]} [widths] to be tried @returns {Room}
 */
function fittingRoom(pen, view, shown, [across, ...wider] = WIDTHS) {
  const { scene, settings, committed, expected } = view;
  const values = shown.map(({ snapshot }) => snapshot.value);
  const marks = marksOf(scene, settings).map(({ value }) => position(scene.axis, value));
  const room = roomFor(pen, marks, expected, across);
  const silhouette = pileUp(scene.axis, room, committed, settings.seeds);
  const highest = Math.max(1, ...silhouette, ...pileUp(scene.axis, room, values, values.length));
  const rise = Math.min(room.pitch, (room.base - MARGIN.top) / Math.ceil(highest));
  if (rise < room.pitch && wider.length > 0) return fittingRoom(pen, view, shown, wider);
  return { ...room, silhouette, rise };
}

/**
 * Return how large dots are, and bins for them. Every mark is an edge of two bins, so that no dot passes it.
 * @param {Pen} pen @param {number[]} marks as shares of the axis @param {number} count of dots
 * @param {number} across how many columns are a bin, about
 */
function roomFor({ width: whole, height }, marks, count, across) {
  const radius = (count <= 60 ? 8 : count <= 300 ? 5 : 3.4) * (whole < 600 ? 0.7 : 1);
  const pitch = 2 * radius + 1;
  const width = whole - 2 * MARGIN.side;
  const edges = [0, ...marks.sort((a, b) => a - b), 1].map((share) => MARGIN.side + share * width);
  const bins = edges.slice(1).flatMap((end, i) => {
    const bins = Math.max(1, Math.round((end - edges[i]) / (pitch * across)));
    const size = (end - edges[i]) / bins;
    const columns = Math.max(1, Math.floor(size / pitch));
    return Array.from({ length: bins }, (_, k) => ({ start: edges[i] + k * size, size, columns }));
  });
  return { radius, pitch, bins, width, base: height - MARGIN.bottom };
}

/**
 * Return the index of a value's bin. What is beyond an end is at the end; what rounding moved below a mark is not.
 * @param {Axis} axis @param {number} value @param {Pick<Room, "bins" | "width">} room
 */
function binOf(axis, value, { bins, width }) {
  const x = MARGIN.side + position(axis, value) * width + 1e-6;
  const index = bins.findLastIndex(({ start }) => start <= x);
  return Math.max(0, index);
}

/**
 * Return how many rows of dots each bin has, if so many dots are distributed as the values are.
 * @param {Axis} axis @param {Pick<Room, "bins" | "width">} room @param {number[]} values @param {number} count
 */
function pileUp(axis, room, values, count) {
  const dots = room.bins.map(() => 0);
  for (const value of values) dots[binOf(axis, value, room)] += count / values.length;
  return dots.map((inBin, i) => inBin / room.bins[i].columns);
}

/**
 * Move each dot towards the next place of its bin, row by row; return whether any is still on its way.
 * @param {Shown[]} shown @param {Room} room @param {View} view
 */
function move(shown, room, { scene, still }) {
  const counts = room.bins.map(() => 0);
  const speed = still ? 1 : SPEED;
  const ways = shown.map(({ run, snapshot }) => {
    const index = binOf(scene.axis, snapshot.value, room);
    const { start, size, columns } = room.bins[index];
    const count = counts[index]++;
    const x = start + size / 2 + ((count % columns) + 0.5 - columns / 2) * room.pitch;
    const y = room.base - (Math.floor(count / columns) + 0.5) * room.rise - 1;
    if (!run.y) Object.assign(run, { x, y: MARGIN.top }); // it falls from there
    run.x += (x - run.x) * speed;
    run.y += (y - run.y) * speed;
    return Math.abs(x - run.x) + Math.abs(y - run.y);
  });
  return ways.some((way) => way > 0.3);
}

/**
 * Return where a value is, as a share of the axis; what is no number is at the bad end.
 * @param {Axis} axis @param {number} value
 */
export function position({ low, high, log, none }, value) {
  if (!Number.isFinite(value)) return log ? 1 : 0;
  const start = none ? 0.14 : 0; // what has no logarithm stands apart
  if (none && value <= 0) return 0.05;
  const [a, b, v] = log ? [low, high, Math.max(value, low)].map(Math.log) : [low, high, value];
  return Math.min(1, start + (1 - start) * ((v - a) / (b - a)));
}

/** @param {Pen} pen @param {Room} room */
function drawSilhouette(pen, { silhouette, bins, base, rise }) {
  silhouette.forEach((rows, i) => {
    const height = rows > 0 ? Math.max(rows * rise, 1.5) : 0; // one run of thousands is seen, too
    pen.box([bins[i].start, base - height, bins[i].size, height], { fill: pen.colours.committed });
  });
}

/** @param {Pen} pen @param {Axis} axis @param {Room} room */
function drawAxis(pen, axis, { bins, width, base }) {
  const [left, right] = [MARGIN.side, MARGIN.side + width];
  const ink = { stroke: pen.colours.quiet };
  pen.line([left, base + 0.5, right, base + 0.5], ink);
  let free = 0; // from here on nothing is written yet
  for (const { value, text } of axis.ticks) {
    const bin = bins[binOf(axis, value, { bins, width })];
    const isApart = axis.none && value === 0; // its dots stand in the middle of their bin
    const x = isApart ? bin.start + bin.size / 2 : left + position(axis, value) * width;
    const size = pen.context.measureText(text).width;
    const start = Math.max(left, Math.min(right - size, x - size / 2));
    pen.line([x, base, x, base + 4], ink);
    if (start < free) continue;
    pen.text(text, [start, base + 18]);
    free = start + size + 6;
  }
  pen.text(axis.label, [left + width / 2, base + 36], { align: "center" });
}

/** @param {Pen} pen @param {View} view @param {Room} room */
function drawMarks(pen, { scene, settings }, { width, base }) {
  marksOf(scene, settings).forEach(({ value, label }, i) => {
    const x = MARGIN.side + position(scene.axis, value) * width;
    const top = 14 + 14 * (i % 2);
    const isLast = x > width - 76; // there is no room at its right
    pen.line([x, top, x, base], { stroke: pen.colours.quiet, dash: [4, 4] });
    const ink = { stroke: pen.colours.paper, width: 5 }; // over another mark's line
    pen.text(label, [isLast ? x - 4 : x + 4, top + 10], { ...ink, align: isLast ? "right" : "left" });
  });
}

/** @param {Pen} pen @param {View} view @param {Shown} dot @param {number} radius */
function drawDot(pen, { scene, step }, { run, snapshot }, radius) {
  const { beside, x, y } = run;
  const alpha = run.snapshots.length <= step ? 0.4 : 1; // it has not come so far
  if (beside) pen.circle([x, y, radius - 1.2], { stroke: pen.colours.beside, width: 2, alpha });
  else pen.circle([x, y, radius], { fill: colourOf(scene, snapshot, pen.colours), alpha });
}
