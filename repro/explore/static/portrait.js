// One network: its curve, its weights as a diagram, its units as cells that go dark, the images that reach none.
import { circle, fitted, palette, stroke } from "./canvas.js";
import { PIXELS } from "./digits.js";
import { colourOf, position } from "./dots.js";

/**
 * Draw a network's values over the logged steps, each as far from the next.
 * @param {HTMLCanvasElement} canvas @param {Scene} scene @param {Settings} settings
 * @param {Known[]} runs the network, and the one beside it @param {number} step
 */
export function drawCurve(canvas, scene, settings, runs, step) {
  const { context, width, height } = fitted(canvas);
  const colours = palette(canvas);
  const steps = scene.steps(settings);
  const x = (/** @type {number} */ i) => 46 + (i / Math.max(1, steps.length - 1)) * (width - 56);
  const y = (/** @type {number} */ value) => height - 24 - position(scene.axis, value) * (height - 34);
  context.fillStyle = colours.quiet;
  context.strokeStyle = colours.rule;
  for (const tick of scene.axis.ticks) {
    context.textAlign = "right";
    context.fillText(scene.axis.show(tick), 40, y(tick) + 4);
    stroke(context, [[46, y(tick)], [width - 10, y(tick)]]);
  }
  for (const [i, align] of /** @type {[number, CanvasTextAlign][]} */ ([[0, "left"], [steps.length - 1, "right"]])) {
    context.textAlign = align;
    context.fillText(`${scene.unit} ${steps[i].toLocaleString("en")}`, x(i), height - 6);
  }
  context.lineWidth = 2.2;
  for (const { beside, snapshots } of runs) {
    const now = snapshots[Math.min(step, snapshots.length - 1)];
    context.strokeStyle = beside || !now ? colours.beside : colourOf(scene.states, now, colours);
    context.setLineDash(beside ? [5, 4] : []);
    stroke(context, snapshots.map(({ value }, i) => [x(i), y(value)]).filter(([, at]) => Number.isFinite(at)));
  }
  context.setLineDash([]);
  context.lineWidth = 1;
  context.strokeStyle = colours.ink;
  stroke(context, [[x(step), 8], [x(step), height - 24]]);
}

/**
 * Draw a small network: lines as thick as their weights, one colour a sign; dead units are empty.
 * @param {HTMLCanvasElement} canvas
 * @param {{inputs: string[], layers: number[][][], dead: boolean[][], met?: number[][]}} detail
 * @param {number} step the step of training
 */
export function drawNetwork(canvas, detail, step) {
  const { context, width, height } = fitted(canvas);
  const colours = palette(canvas);
  const counts = [detail.inputs.length, ...detail.layers.map((layer) => layer.length)];
  const met = detail.met ? 46 : 0;
  const place = (/** @type {number} */ depth, /** @type {number} */ unit) => [
    26 + (depth / (counts.length - 1)) * (width - 52 - met), (height * (unit + 0.5)) / counts[depth]];
  detail.layers.forEach((layer, depth) => layer.forEach((weights, j) => weights.forEach((weight, i) => {
    context.strokeStyle = weight < 0 ? colours.states[0] : colours.alive;
    context.globalAlpha = Math.min(1, 0.15 + Math.abs(weight) / 2);
    context.lineWidth = Math.min(6, 0.3 + Math.abs(weight) * (counts[1] > 16 ? 0.8 : 2));
    stroke(context, [place(depth, i), place(depth + 1, j)]);
  })));
  context.globalAlpha = 1;
  const radius = Math.min(11, height / (2.6 * Math.max(...counts)));
  counts.forEach((count, depth) => {
    for (let unit = 0; unit < count; unit++) {
      const [x, y] = place(depth, unit);
      const dead = depth > 0 && detail.dead[depth - 1]?.[unit];
      context.fillStyle = dead ? colours.paper : depth === 0 ? colours.raised : colours.ink;
      context.strokeStyle = dead ? colours.states[0] : colours.ink;
      context.lineWidth = 2;
      circle(context, [x, y, depth === 0 ? 11 : radius]);
      context.fill();
      context.stroke();
      context.fillStyle = colours.ink;
      context.textAlign = "center";
      if (depth === 0) context.fillText(detail.inputs[unit], x, y + 4);
    }
  });
  if (detail.met) drawZeros(context, detail.met, step, { x: width - met, height, colours });
}

/**
 * Draw a cell for each hidden unit and sample, lit once its input was exactly zero, brightest where it just was.
 * @param {CanvasRenderingContext2D} context @param {number[][]} met @param {number} step
 * @param {{x: number, height: number, colours: Palette}} room
 */
function drawZeros(context, met, step, { x, height, colours }) {
  const size = Math.min(9, height / met.length - 1);
  met.forEach((samples, unit) => samples.forEach((last, n) => {
    context.fillStyle = last > 0 ? colours.states[0] : colours.rule;
    context.globalAlpha = last === 0 || last >= step * 0.9 ? 1 : 0.55;
    context.fillRect(x + n * (size + 1), (height * (unit + 0.5)) / met.length - size / 2, size, size);
  }));
  context.globalAlpha = 1;
}

/**
 * Draw hidden units as cells, dark if they react to no test image, and the images, grey if no unit reacts to them.
 * @param {HTMLCanvasElement} canvas @param {{cells: Uint8Array[], silent: boolean[]}} detail @param {Digits} digits
 * @param {string} colour of a unit that reacts
 */
export function drawField(canvas, detail, digits, colour) {
  const { context, width } = fitted(canvas);
  const colours = palette(canvas);
  const across = 20;
  const cell = width / across;
  let y = 0;
  for (const units of detail.cells) {
    units.forEach((reacts, j) => {
      context.fillStyle = reacts ? colour : colours.committed;
      context.beginPath();
      const top = y + Math.floor(j / across) * cell * 0.55;
      context.roundRect((j % across) * cell + 1, top + 1, cell - 2, cell * 0.55 - 2, 2);
      context.fill();
    });
    y += Math.ceil(units.length / across) * cell * 0.55 + 6;
  }
  detail.silent.forEach((silent, i) => {
    context.globalAlpha = silent ? 0.3 : 1;
    const top = y + Math.floor(i / across) * cell;
    context.drawImage(picture(digits, digits.train + i), (i % across) * cell, top, cell - 1, cell - 1);
  });
  context.globalAlpha = 1;
}

/** @type {HTMLCanvasElement[]} */
const pictures = [];

/** @param {Digits} digits @param {number} image */
function picture(digits, image) {
  if (!pictures[image]) {
    const canvas = Object.assign(document.createElement("canvas"), { width: 28, height: 28 });
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const drawn = pen.createImageData(28, 28);
    for (let pixel = 0; pixel < PIXELS; pixel++) {
      const level = digits.grey[image * PIXELS + pixel];
      drawn.data.set([level, level, level, 255], 4 * pixel);
    }
    pen.putImageData(drawn, 0, 0);
    pictures[image] = canvas;
  }
  return pictures[image];
}
