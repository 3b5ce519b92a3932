// A state of the page has an address, its fragment; and it can be said in Python, on the command line and in TOML.

/**
 * Read a fragment; what it has no right value for is as at first.
 * @param {string} fragment @param {Record<string, Scene>} scenes @returns {State}
 */
export function read(fragment, scenes) {
  const asked = new URLSearchParams(fragment.replace(/^#/, ""));
  const name = asked.get("scene") ?? "";
  const scene = Object.hasOwn(scenes, name) ? scenes[name] : Object.values(scenes)[0];
  const settings = { ...scene.settings };
  for (const { name, values } of scene.controls) {
    settings[name] = values.find((value) => String(value) === asked.get(name)) ?? settings[name];
  }
  const seed = asked.get("seed") ?? "";
  return { scene, settings, follow: /^\d{1,9}$/.test(seed) ? Number(seed) : 0 };
}

/** @param {State} state */
export function write({ scene, settings, follow }) {
  const said = new URLSearchParams({ scene: scene.name });
  for (const { name } of scene.controls) {
    if (settings[name] !== scene.settings[name]) said.set(name, settings[name]);
  }
  if (follow) said.set("seed", `${follow}`);
  return `#${said}`;
}

/** A number whose reciprocal is whole is written as a fraction where that is exact and shorter. @param {number} value */
function numeral(value) {
  const below = Math.round(1 / value);
  return value < 1 && 1 / below === value && `${value}`.length > 8 ? `1/${below}` : `${value}`;
}

/** Return a value as Python and TOML have it. @param {any} value */
function literals(value) {
  if (typeof value === "string") return { python: `"${value}"`, toml: `"${value}"` };
  if (typeof value === "boolean") return { python: value ? "True" : "False", toml: `${value}` };
  const number = numeral(value);
  return { python: number, toml: number.includes("/") ? `"${number}"` : number };
}

/** Return a state as a call in Python, as a command, and as a variant of a study. @param {State} state */
export function inWords({ scene, settings }) {
  const { name, defaults, digits, horizon, beyond } = scene;
  const named = new Set([...scene.controls.map((control) => control.name), ...Object.keys(settings)]);
  const changed = [...named]
    .filter((key) => key in defaults && settings[key] !== defaults[key])
    .map((key) => ({ key, value: `${settings[key]}`, ...literals(settings[key]) }));
  const number = beyond && settings[beyond.name]; // a value that only the page has
  const [before, remark] = ["python", "remark"].map((form) =>
    typeof number === "number" ? beyond?.[form].replaceAll("{value}", `${number}`) : "",
  );
  const lines = [digits && 'data="mnist5k"', ...changed.map(({ key, python }) => `${key}=${python}`)];
  const words = changed.map(({ key, python }) => ` ${key}=${python.replaceAll('"', "")}`).join("");
  const pairs = changed.map(({ key, toml }) => `${key} = ${toml}`).join(", ");
  const title = changed
    .map(({ value }) => value.replaceAll(/\W+/g, "_"))
    .join("_")
    .toLowerCase();
  return {
    python:
      `from repro.${name} import experiment\n${before}\nruns, curves = experiment(\n    seeds=range(${settings.seeds}),\n` +
      `${lines.map((line) => (line ? `    ${line},\n` : "")).join("")})\n`,
    command:
      remark ||
      `python -m repro sweep ${name}${words || ` ${horizon}=${settings[horizon]}`} --seeds ${settings.seeds}` +
        `${digits ? " --data mnist5k" : ""}\n`,
    toml:
      remark ||
      `[variants.mine_${title || "as_posted"}]\nlabel = "from the page"\ngroup = "fix of ours"\n` +
        `seeds = ${settings.seeds}\nparameters = { ${pairs} }\n`,
  };
}
