// The shapes that several modules share, for the type check alone: the page needs none of it.

/** Parameters of the thread's experiment, by their names there, and `seeds`. */
type Settings = Record<string, any>;

interface Control {
  name: string;
  values: any[];
  texts: string[];
  /** a value as each language has it */
  written: { python: string; toml: string }[];
}

/** A network when it is looked at. */
interface Snapshot {
  /** on the scene's axis; NaN once it has diverged */
  value: number;
  flags: number;
  /** a portrait or a field */
  detail: any;
}

/** A small network as it is drawn. */
interface Portrait {
  /** of the inputs */
  names: string[];
  /** rows of weights, the last for the biases, by layer */
  kernels: number[][];
  /** whether units give anything on some sample, by layer */
  reacts: Uint8Array[];
  /** units that have met a zero, by layer */
  lit?: boolean[][];
}

/** Whether the hidden units of a network on digits react to any image, and whether images reach none. */
interface Field { cells: Uint8Array[]; silent: boolean[] }

/** A line at a value, for settings that have one of these values. */
interface Mark { value: number; label: string; settings: Record<string, any[]> }

interface Axis {
  label: string;
  low: number;
  high: number;
  log: boolean;
  /** what has no logarithm stands apart */
  none: boolean;
  ticks: { value: number; text: string }[];
}

/** A scene as Python describes it: see `scenes.py`. */
interface Scene {
  name: string;
  sentence: string;
  learned: [number, number];
  horizon: string;
  unit: string;
  steps_each: number;
  first: number;
  looks: number[];
  defaults: Settings;
  settings: Settings;
  smaller: string[];
  beside: Settings | null;
  wave: number;
  states: { flag: string; label: string }[];
  axis: Axis;
  marks: Mark[];
  controls: Control[];
  page_only: Record<string, string> | null;
  digits: boolean;
  /** by the id of a place, what says a state there, its parts in braces */
  forms: [string, string][];
}

interface State {
  scene: Scene;
  settings: Settings;
  /** the seed that is followed */
  follow: number;
}

/** A committed variant. */
interface Variant {
  name: string;
  /** what differs from the defaults */
  settings: Settings;
  seeds: number;
  horizon: number;
  /** the headline metric of its first runs, between commas */
  values: string;
  columns: string[];
  /** a line for each of the first seeds */
  rows: string;
}

/** Images one behind another, those to learn from first. */
interface Digits {
  /** (n * 784), 0 to 255 */
  grey: Uint8Array;
  /** (n) */
  label: Uint8Array;
  /** how many are to learn from; the others are to test */
  train: number;
}

/** What networks get of samples: values for some rows of the first kernel, the last of them 1, for the bias. */
interface Input {
  /** of each sample, and the end */
  starts: Uint32Array;
  rows: Uint16Array;
  values: Float64Array;
  /** what a step moves the rows by */
  moves: Float64Array;
  /** what outputs should be, sample by sample */
  target: Float64Array;
}

/** Start a network; `step` trains it further, or says false if nothing moves any more; `look` tells how it is. */
type Start = (settings: Settings, seed: number, digits: Digits) => { step(step: number): unknown; look(): Snapshot };

interface Run { seed: number; beside: boolean }
interface Job { job: number; scene: Scene; settings: Settings; digits?: any; runs: Run[] }
interface Training { run: Run; snapshots: Generator<Snapshot>; reached: number; wave: number }

/** What was seen of a run at a logged step. */
interface Progress extends Run { reached: number; snapshot: Snapshot }

/** A run as far as it is known, and where its dot is; beside: it is the network to compare with. */
interface Known { seed: number; beside: boolean; snapshots: Snapshot[]; x: number; y: number }

/** What the pictures show. */
interface View {
  scene: Scene;
  settings: Settings;
  follow: number;
  runs: Known[];
  /** index of the step that is shown */
  step: number;
  /** without motion */
  still: boolean;
  /** how many runs there will be */
  expected: number;
  /** values of the study's runs */
  committed: number[];
}

/** How something is drawn. */
interface Ink { fill?: string; stroke?: string; width?: number; dash?: number[]; alpha?: number; align?: CanvasTextAlign }

interface Shown { run: Known; snapshot: Snapshot }
interface Bin { start: number; size: number; columns: number }

/** Where dots have room, in pixels; `rise`: of a dot over the one below it. */
interface Room {
  radius: number;
  pitch: number;
  rise: number;
  bins: Bin[];
  width: number;
  base: number;
  /** rows of dots that the study's runs would fill, by bin */
  silhouette: number[];
}
