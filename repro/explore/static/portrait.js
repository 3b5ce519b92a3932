// One network: its curve, its weights as a diagram, its units as cells that go dark, the images that reach none.
import { Pen } from "./canvas.js";
import { colourOf, position } from "./dots.js";
import { PIXELS } from "./images.js";
import { stepsOf } from "./scene.js";

/**
 * Draw a network's values over the logged steps, each as far from the next.
 * @param {HTMLCanvasElement} canvas @param {View} view @param {Known[]} runs the network, and the one beside it
 */
export function drawCurve(canvas, { scene, settings, step }, runs) {
  const pen = new Pen(canvas);
  const { width, height, colours } = pen;
  const steps = stepsOf(scene, settings);
  const x = (/** @type {number} */ i) => 46 + (i / Math.max(1, steps.length - 1)) * (width - 56);
  const y = (/** @type {number} */ value) => height - 24 - position(scene.axis, value) * (height - 34);
  for (const { value, text } of scene.axis.ticks) {
    pen.text(scene.axis.none && value === 0 ? "0" : text, [40, y(value) + 4], { align: "right" });
    pen.line([46, y(value), width - 10, y(value)], { stroke: colours.rule });
  }
  const last = steps.length - 1;
  pen.text(`${scene.unit} ${steps[0]}`, [x(0), height - 6]);
  pen.text(`${scene.unit} ${steps[last].toLocaleString("en")}`, [x(last), height - 6], { align: "right" });
  for (const { beside, snapshots } of runs) {
    const now = snapshots[Math.min(step, snapshots.length - 1)];
    const known = snapshots
      .map(({ value }, i) => [x(i), y(value)])
      .filter((_, i) => Number.isFinite(snapshots[i].value));
    const stroke = beside ? colours.beside : colourOf(scene, now, colours);
    pen.line(known.flat(), { stroke, width: 2.2, dash: beside ? [5, 4] : [] });
    const end = known.at(-1);
    if (end && known.length < snapshots.length) pen.text("× overflow", [end[0] - 4, end[1] + 4], { fill: stroke });
  }
  pen.line([x(step), 8, x(step), height - 24], { stroke: colours.ink });
}

/**
 * Draw a small network: lines as thick as their weights, one colour a sign; dead units are empty, lit ones bright.
 * @param {HTMLCanvasElement} canvas @param {Portrait} detail
 */
export function drawNetwork(canvas, { names, kernels, reacts, lit = [] }) {
  const pen = new Pen(canvas);
  const { width, height, colours } = pen;
  const counts = [names.length, ...reacts.map((units) => units.length)];
  const place = (/** @type {number} */ depth, /** @type {number} */ unit) => [
    26 + (depth / (counts.length - 1)) * (width - 52),
    (height * (unit + 0.5)) / counts[depth],
  ];
  const thickness = counts[1] > 16 ? 0.8 : 2;
  kernels.forEach((kernel, depth) => {
    const [inputs, units] = counts.slice(depth);
    for (let k = 0; k < inputs * units; k++) {
      const size = Math.abs(kernel[k]);
      const ink = { alpha: Math.min(1, 0.15 + size / 2), width: Math.min(6, 0.3 + size * thickness) };
      const stroke = kernel[k] < 0 ? colours["state-0"] : colours.alive;
      pen.line([...place(depth, Math.floor(k / units)), ...place(depth + 1, k % units)], { stroke, ...ink });
    }
  });
  names.forEach((name, i) => {
    const [x, y] = place(0, i);
    pen.circle([x, y, 11], { fill: colours.raised, stroke: colours.ink, width: 2 });
    pen.text(name, [x, y + 4], { fill: colours.ink, align: "center" });
  });
  const radius = Math.min(11, height / (2.6 * Math.max(...counts)));
  reacts.forEach((units, depth) =>
    units.forEach((isAlive, unit) => {
      const stroke = lit[depth]?.[unit] ? colours["state-0"] : colours.ink;
      pen.circle([...place(depth + 1, unit), radius], { fill: isAlive ? stroke : colours.paper, stroke, width: 2 });
    }),
  );
}

const ACROSS = 20; // cells of a row
const FLAT = 0.55; // height of a unit's cell, as a share of its width
const GAP = 0.3; // between layers
const SIDE = 28; // of an image, in pixels

/**
 * Draw hidden units as cells, dark if they react to no test image, and the images, grey if no unit reacts to them.
 * @param {HTMLCanvasElement} canvas @param {Field} detail @param {Digits} digits @param {"alive" | "beside"} colour
 */
export function drawField(canvas, { cells, silent }, digits, colour) {
  const heights = cells.map((units) => Math.ceil(units.length / ACROSS) * FLAT + GAP);
  const height = heights.reduce((sum, one) => sum + one, silent.length / ACROSS);
  canvas.style.aspectRatio = `${ACROSS / height}`;
  const pen = new Pen(canvas);
  const cell = pen.width / ACROSS;
  let y = 0;
  cells.forEach((units, layer) => {
    units.forEach((reacts, i) => {
      const top = y + Math.floor(i / ACROSS) * cell * FLAT;
      const fill = reacts ? pen.colours[colour] : pen.colours.committed;
      pen.box([(i % ACROSS) * cell + 1, top + 1, cell - 2, cell * FLAT - 2], { fill }, 2);
    });
    y += heights[layer] * cell;
  });
  const sheet = sheetOf(digits);
  silent.forEach((isSilent, i) => {
    const [left, top] = [(i % ACROSS) * cell, y + Math.floor(i / ACROSS) * cell];
    const context = pen.ink({ alpha: isSilent ? 0.3 : 1 });
    context.drawImage(sheet, 0, i * SIDE, SIDE, SIDE, left, top, cell - 1, cell - 1);
  });
}

/** @type {HTMLCanvasElement | undefined} */
let drawn;

/** Return the images to test one below the other. @param {Digits} digits */
function sheetOf({ grey, train }) {
  if (drawn) return drawn;
  const levels = grey.subarray(train * PIXELS);
  const sheet = new ImageData(SIDE, levels.length / SIDE);
  sheet.data.fill(255);
  levels.forEach((level, k) => sheet.data.fill(level, 4 * k, 4 * k + 3));
  drawn = Object.assign(document.createElement("canvas"), { width: sheet.width, height: sheet.height });
  drawn.getContext("2d")?.putImageData(sheet, 0, 0);
  return drawn;
}
