// A state of the page has an address, its fragment; and it can be said in Python, on the command line and in TOML.

/**
 * Read a fragment; what it has no right value for is as posted.
 * @param {string} fragment @param {Record<string, Scene>} scenes @param {(scene: Scene) => Settings} usual
 * @returns {State}
 */
export function read(fragment, scenes, usual) {
  const asked = new URLSearchParams(fragment.replace(/^#/, ""));
  const name = asked.get("scene") ?? "";
  const scene = Object.hasOwn(scenes, name) ? scenes[name] : Object.values(scenes)[0];
  const settings = { ...usual(scene) };
  for (const { name, values } of scene.controls) {
    const value = values.find((v) => String(v) === asked.get(name));
    if (value !== undefined) settings[name] = value;
  }
  const whole = (/** @type {string} */ key) => (/^\d{1,9}$/.test(asked.get(key) ?? "") ? Number(asked.get(key)) : -1);
  const seeds = scene.seeds.find((count) => count === whole("seeds")) ?? scene.seeds[0];
  return { scene, settings, seeds, follow: Math.max(0, whole("seed")) };
}

/** @param {State} state @param {Settings} usual */
export function write({ scene, settings, seeds, follow }, usual) {
  const said = new URLSearchParams({ scene: scene.name });
  for (const { name } of scene.controls) if (settings[name] !== usual[name]) said.set(name, settings[name]);
  if (seeds !== scene.seeds[0]) said.set("seeds", `${seeds}`);
  if (follow) said.set("seed", `${follow}`);
  return `#${said}`;
}

/** Return what differs from the experiment's own defaults. @param {State} state @param {Settings} defaults */
function changes({ scene, settings }, defaults) {
  const names = [...new Set([...scene.controls.map(({ name }) => name), ...Object.keys(scene.settings)])];
  return names.filter((name) => name in defaults && settings[name] !== defaults[name])
    .map((name) => ({ name, value: settings[name] }));
}

/**
 * A number whose reciprocal is whole is written as a fraction where that is exact and shorter.
 * @param {number} value
 */
function numeral(value) {
  const below = Math.round(1 / value);
  return value < 1 && 1 / below === value && `${value}`.length > 8 ? `1/${below}` : `${value}`;
}

/** @param {any} value */
const python = (value) => typeof value === "number" ? numeral(value)
  : typeof value === "boolean" ? (value ? "True" : "False") : `"${value}"`;

/** @param {any} value */
const toml = (value) => (typeof value === "number" && numeral(value).includes("/") ? `"${numeral(value)}"`
  : typeof value === "string" ? `"${value}"` : `${value}`);

/**
 * Return a state as a call in Python, as a command, and as a variant of a study.
 * @param {State} state @param {Settings} defaults
 */
export function inWords(state, defaults) {
  const { scene, settings, seeds } = state;
  const changed = changes(state, defaults);
  const beyond = scene.beyond?.(settings);
  const data = scene.digits ? "mnist5k" : "";
  const lines = changed.map(({ name, value }) => `    ${name}=${python(value)},\n`).join("");
  const words = changed.map(({ name, value }) => ` ${name}=${python(value).replaceAll('"', "")}`);
  const pairs = changed.map(({ name, value }) => `${name} = ${toml(value)}`).join(", ");
  const title = changed.map(({ value }) => `${value}`.replaceAll(/\W+/g, "_")).join("_").toLowerCase();
  return {
    python: `from repro.${scene.name} import experiment\n${beyond?.python ?? ""}\n`
      + `runs, curves = experiment(\n    seeds=range(${seeds}),\n${data && `    data="${data}",\n`}${lines})\n`,
    command: beyond?.remark ?? `python -m repro sweep ${scene.name}`
      + (words.join("") || ` ${scene.horizon}=${settings[scene.horizon]}`)
      + ` --seeds ${seeds}${data && ` --data ${data}`}\n`,
    toml: beyond?.remark ?? `[variants.mine_${title || "as_posted"}]\n`
      + `label = "from the page"\ngroup = "fix of ours"\nseeds = ${seeds}\nparameters = { ${pairs} }\n`,
  };
}
