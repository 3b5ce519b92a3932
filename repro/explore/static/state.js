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

/** Return a state as a call in Python, as a command, and as a variant of a study. @param {State} state */
export function inWords({ scene, settings }) {
  const { controls, defaults, horizon, page_only: own, forms } = scene;
  const changed = Object.keys(settings)
    .filter((name) => name in defaults && settings[name] !== defaults[name])
    .map((name) => {
      const value = `${settings[name]}`;
      const control = controls.find((one) => one.name === name);
      const { python = value, toml = value } = control?.written[control.values.indexOf(settings[name])] ?? {};
      return { name, value, python, toml };
    });
  const title = changed.map(({ value }) => value.replaceAll(/\W+/g, "_")).join("_");
  const number = own && typeof settings[own.name] === "number" ? `${settings[own.name]}` : "";
  /** @type {Record<string, string>} */
  const parts = {
    seeds: settings.seeds,
    before: number && `${own?.python}`.replaceAll("{value}", number),
    lines: changed.map(({ name, python }) => `    ${name}=${python},\n`).join(""),
    words: changed.map(({ name, python }) => `${name}=${python.replaceAll('"', "")}`).join(" "),
    horizon: changed.length ? "" : `${horizon}=${settings[horizon]}`,
    title: title.toLowerCase() || "as_posted",
    pairs: changed
      .map(({ name, toml }) => `${name} = ${toml}`)
      .join(", ")
      .replace(/.+/, " $& "),
  };
  const filled = forms.map(([id, form]) => [id, form.replace(/\{(\w+)\}/g, (_, part) => parts[part])]);
  const remark = own?.remark.replaceAll("{value}", number) ?? "";
  return filled.map(([id, text]) => [id, number && id !== "python" ? remark : text]);
}
