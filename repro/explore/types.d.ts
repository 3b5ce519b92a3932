// The shapes that several modules share, for the type check alone: the page needs none of it.

/** Parameters of the thread's experiment, by their names there. */
type Settings = Record<string, any>;

interface Control {
  /** of the parameter */
  name: string;
  label: string;
  /** numbers make a slider, words a list, true and false a box */
  values: any[];
  show?: (value: any) => string;
  /** the first, the middle and the last value of a slider */
  marked?: any[];
}

/** A network at a logged step. */
interface Snapshot {
  /** on the scene's axis; NaN once it has diverged */
  value: number;
  flags: number;
  /** of a network that is followed: see `portrait.js` */
  detail?: any;
}

/** A line at a value. */
interface Mark { at: number; label: string }

interface Axis {
  label: string;
  low: number;
  high: number;
  ticks: number[];
  log?: boolean;
  /** the name of what has no logarithm */
  none?: string;
  show: (value: number) => string;
}

interface Scene {
  /** of the thread */
  name: string;
  hint: string;
  controls: Control[];
  /** what differs here from the experiment's defaults, such as fewer images */
  settings: Settings;
  /** the parameter that says how long a network trains */
  horizon: string;
  /** of the steps */
  unit: string;
  /** how many networks a worker trains side by side */
  wave: number;
  /** how many one can ask for, the usual number first */
  seeds: number[];
  axis: Axis;
  /** what a dot's colours mean, the first that it has */
  states: { flag: number; label: string }[];
  /** what a dot without these is */
  alive: string;
  marks: (settings: Settings) => Mark[];
  tell: (snapshots: Snapshot[], settings: Settings) => string;
  steps: (settings: Settings) => number[];
  /** a second network for each seed, to compare with */
  beside?: (settings: Settings) => Settings;
  /** what is said of the images that the page carries */
  digits?: string;
  /** how the study's run of a seed is another than the page's */
  other?: string;
  /** of settings that the experiment lacks: what makes it take them in Python, and why no command does */
  beyond?: (settings: Settings) => { python: string; remark: string } | undefined;
  /** parameters whose values may be the page's own: it is smaller than the study */
  smaller: string[];
  /** the committed sweep that is shown as a map */
  grid?: { name: string; x: string; y: string };
  train: (settings: Settings, seed: number, detail: boolean, digits: any) => Generator<Snapshot>;
}

interface State {
  scene: Scene;
  /** of the experiment, defaults included */
  settings: Settings;
  seeds: number;
  follow: number;
}

/** A committed variant. */
interface Variant {
  name: string;
  /** what differs from the experiment's defaults */
  settings: Settings;
  seeds: number;
  horizon: number;
  mean: number | null;
  /** the headline metric of its first runs, between commas */
  values: string;
  columns: string[];
  /** a line for each of the first seeds */
  rows: string;
}

interface Claim {
  id: string;
  says: string;
  verdict: string;
  variant: string;
  reference: string | null;
  n: number;
}

interface Table { question: string; defaults: Settings; variants: Variant[]; claims: Claim[] }

/** Images one behind another, those to learn from first. */
interface Digits {
  /** (n * 784), 0 to 255 */
  grey: Uint8Array;
  /** (n) */
  label: Uint8Array;
  /** how many are to learn from; the others are to test */
  train: number;
}

/** The inked pixels of an image. */
interface Ink { pixels: Uint16Array; values: Float64Array; sum: number }

interface Run { seed: number; beside: boolean; detail: boolean }

/** What a worker tells of a run. */
interface Progress extends Run { first: number; snapshots: Snapshot[]; done: boolean }

interface Training extends Run { generator: Generator<Snapshot>; reached: number; wave: number }

/** A run as far as it is known; beside: it is the network to compare with. */
interface Known { seed: number; beside: boolean; snapshots: Snapshot[]; done: boolean }

type Palette = ReturnType<typeof import("./static/canvas.js").palette>;
