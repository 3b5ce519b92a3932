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
    if (scene.axis.none && value === 0) continue; // there is no room for a name beside the curve
    pen.text(text, 40, y(value) + 4, "right");
    pen.line(
      [
        [46, y(value)],
        [width - 10, y(value)],
      ],
      { stroke: colours.rule },
    );
  }
  const ends = steps.map((at) => `${scene.unit} ${at.toLocaleString("en")}`);
  pen.text(ends[0], x(0), height - 6, "left");
  pen.text(ends[ends.length - 1], x(ends.length - 1), height - 6, "right");
  for (const { beside, snapshots } of runs) {
    const now = snapshots[Math.min(step, snapshots.length - 1)];
    const points = snapshots.map(({ value }, i) => [x(i), y(value)]).filter(([, at]) => Number.isFinite(at));
    const stroke = beside ? colours.beside : colourOf(scene, now, colours);
    pen.line(points, { stroke, width: 2.2, dash: beside ? [5, 4] : [] });
  }
  pen.line(
    [
      [x(step), 8],
      [x(step), height - 24],
    ],
    { stroke: colours.ink },
  );
}

/**
 * Draw a small network: lines as thick as their weights, one colour a sign; dead units are empty.
 * @param {HTMLCanvasElement} canvas @param {Portrait} detail @param {number} step of training
 */
export function drawNetwork(canvas, { names, kernels, dead, met }, step) {
  const pen = new Pen(canvas);
  const { height, colours } = pen;
  const width = pen.width - (met ? 46 : 0);
  const counts = [names.length, ...dead.map((units) => units.length)];
  const place = (/** @type {number} */ depth, /** @type {number} */ unit) => [
    26 + (depth / (counts.length - 1)) * (width - 52),
    (height * (unit + 0.5)) / counts[depth],
  ];
  const thickness = counts[1] > 16 ? 0.8 : 2;
  kernels.forEach((kernel, depth) => {
    const [inputs, units] = counts.slice(depth);
    for (let k = 0; k < inputs * units; k++) {
      const size = Math.abs(kernel[k]);
      pen.line([place(depth, Math.floor(k / units)), place(depth + 1, k % units)], {
        stroke: kernel[k] < 0 ? colours["state-0"] : colours.alive,
        alpha: Math.min(1, 0.15 + size / 2),
        width: Math.min(6, 0.3 + size * thickness),
      });
    }
  });
  const radius = Math.min(11, height / (2.6 * Math.max(...counts)));
  names.forEach((name, i) => {
    const [x, y] = place(0, i);
    pen.circle([x, y, 11], { fill: colours.raised, stroke: colours.ink, width: 2 });
    pen.text(name, x, y + 4, "center", { fill: colours.ink });
  });
  dead.forEach((units, depth) =>
    units.forEach((empty, unit) => {
      const ink = empty
        ? { fill: colours.paper, stroke: colours["state-0"] }
        : { fill: colours.ink, stroke: colours.ink };
      pen.circle([...place(depth + 1, unit), radius], { ...ink, width: 2 });
    }),
  );
  if (met) drawZeros(pen, met, step, width);
}

/**
 * Draw a cell for each hidden unit and sample, lit once its input was exactly zero, brightest where it just was.
 * @param {Pen} pen @param {number[][]} met the last step with a zero @param {number} step @param {number} left
 */
function drawZeros(pen, met, step, left) {
  const size = Math.min(9, pen.height / met.length - 1);
  met.forEach((samples, unit) =>
    samples.forEach((last, n) => {
      const fill = last > 0 ? pen.colours["state-0"] : pen.colours.rule;
      const alpha = last === 0 || last >= step * 0.9 ? 1 : 0.55;
      const top = (pen.height * (unit + 0.5)) / met.length - size / 2;
      pen.box([left + n * (size + 1), top, size, size], { fill, alpha });
    }),
  );
}

const ACROSS = 20; // cells of a row
const SIDE = 28; // of an image, in pixels

/**
 * Draw hidden units as cells, dark if they react to no test image, and the images, grey if no unit reacts to them.
 * @param {HTMLCanvasElement} canvas @param {Field} detail @param {Digits} digits @param {"alive" | "beside"} colour
 */
export function drawField(canvas, { cells, silent }, digits, colour) {
  const pen = new Pen(canvas);
  const cell = pen.width / ACROSS;
  const corner = (/** @type {number} */ i, /** @type {number} */ height) => [
    (i % ACROSS) * cell,
    y + Math.floor(i / ACROSS) * height,
  ];
  let y = 0;
  for (const units of cells) {
    units.forEach((reacts, i) => {
      const [left, top] = corner(i, cell * 0.55);
      const fill = reacts ? pen.colours[colour] : pen.colours.committed;
      pen.box([left + 1, top + 1, cell - 2, cell * 0.55 - 2], { fill }, 2);
    });
    y += Math.ceil(units.length / ACROSS) * cell * 0.55 + 6;
  }
  const sheet = sheetOf(digits);
  silent.forEach((isSilent, i) => {
    const [left, top] = corner(i, cell);
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
