// What the pictures share: a canvas that fits its place, the strokes on it, the page's colours.

/**
 * Fit a canvas to its place on the page, and clear it.
 * @param {HTMLCanvasElement} canvas @returns {{context: CanvasRenderingContext2D, width: number, height: number}}
 */
export function fitted(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = devicePixelRatio || 1;
  const size = { width: Math.round(width * ratio), height: Math.round(height * ratio) };
  if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = `${width < 600 ? 12 : 13}px ${getComputedStyle(canvas).getPropertyValue("--sans")}`;
  return { context, width, height };
}

/** @param {CanvasRenderingContext2D} context @param {number[][]} points */
export function stroke(context, points) {
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.stroke();
}

/** Lay a circle, to be filled or stroked. @param {CanvasRenderingContext2D} context @param {number[]} circle */
export function circle(context, [x, y, radius]) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
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
