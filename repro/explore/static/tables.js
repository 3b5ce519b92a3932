// The committed runs: which of them have the settings of the page.

/**
 * Return the variant with the page's settings, of those the one that trains as long, or the longest.
 * @param {Variant[]} variants @param {State} state @returns {Variant | undefined}
 */
export function matching(variants, { scene, settings }) {
  const { defaults, horizon, smaller } = scene;
  const free = ["seeds", horizon, ...smaller];
  const all = variants.filter((variant) => {
    const own = { ...defaults, ...variant.settings };
    return Object.keys({ ...own, ...settings }).every((name) => free.includes(name) || own[name] === settings[name]);
  });
  return all.find((variant) => variant.horizon === settings[horizon]) ?? all[0];
}

/** Return the numbers of a text; one that is missing is none. @param {string} text */
export const numbers = (text) => text.split(",").map((number) => (number === "" ? NaN : Number(number)));

/** Return the cells of a seed's row in `runs.csv`, with their names. @param {Variant} variant @param {number} seed */
export function rowOf({ columns, rows }, seed) {
  const row = rows.split("\n")[seed]?.split(",");
  return row ? columns.map((name, i) => [name, row[i] || "–"]) : [];
}
