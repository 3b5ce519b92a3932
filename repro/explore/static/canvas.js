// A canvas that fits its place on the page, and strokes on it in the page's colours.

const COLOURS = ["ink", "quiet", "rule", "paper", "raised", "alive", "state-0", "state-1", "beside", "committed"];

export class Pen {
  /** Fit a canvas to its place, and clear it. @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    const ratio = devicePixelRatio || 1;
    this.width = canvas.clientWidth;
    this.height = canvas.clientHeight;
    const size = { width: Math.round(this.width * ratio), height: Math.round(this.height * ratio) };
    if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
    const style = getComputedStyle(canvas);
    /** @type {Record<string, string>} */
    this.colours = Object.fromEntries(COLOURS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.clearRect(0, 0, this.width, this.height);
    this.context.font = `${this.width < 600 ? 12 : 13}px ${style.getPropertyValue("--sans")}`;
  }

  /** Begin a path that is drawn in these colours. @param {Ink} ink */
  ink({ fill = "", stroke = "", width = 1, dash = [], alpha = 1 }) {
    Object.assign(this.context, { fillStyle: fill, strokeStyle: stroke, lineWidth: width, globalAlpha: alpha });
    this.context.setLineDash(dash);
    this.context.beginPath();
    return this.context;
  }

  /** @param {number[]} points x and y of each @param {Ink} ink */
  line(points, ink) {
    const context = this.ink(ink);
    for (let k = 0; k < points.length; k += 2) context.lineTo(points[k], points[k + 1]);
    context.stroke();
  }

  /** @param {number[]} circle its middle and radius @param {Ink} ink */
  circle([x, y, radius], ink) {
    const context = this.ink(ink);
    context.arc(x, y, radius, 0, 2 * Math.PI);
    if (ink.fill) context.fill();
    if (ink.stroke) context.stroke();
  }

  /** @param {number[]} box left, top, width and height @param {Ink} ink @param {number} [round] its corners */
  box([x, y, width, height], ink, round = 0) {
    const context = this.ink(ink);
    context.roundRect(x, y, width, height, round);
    context.fill();
  }

  /** @param {string} text @param {number[]} place x and y @param {Ink} [ink] its stroke is behind the text */
  text(text, [x, y], ink = {}) {
    const context = this.ink({ fill: this.colours.quiet, ...ink });
    context.textAlign = ink.align ?? "left";
    if (ink.stroke) context.strokeText(text, x, y);
    context.fillText(text, x, y);
  }
}
