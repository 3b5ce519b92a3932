// The committed runs: which of them have the settings of the page.

const SHOWN = 6; // claims

/**
 * Return a variant's settings where they are those of the page, but for these names.
 * @param {Table} table @param {Variant} variant @param {Settings} settings @param {string[]} but
 */
export function fits(table, variant, settings, but) {
  const own = { ...table.defaults, ...variant.settings };
  const names = new Set([...Object.keys(own), ...Object.keys(settings)]);
  return [...names].every((name) => but.includes(name) || own[name] === settings[name]);
}

/**
 * Return the variant with the page's settings, of those the one that trains as long, or the longest.
 * @param {Table} table @param {State} state @returns {Variant | undefined}
 */
export function matching(table, { scene, settings }) {
  const free = [scene.horizon, ...scene.smaller];
  const all = table.variants.filter((variant) => variant.seeds > 0 && fits(table, variant, settings, free));
  return all.find(({ horizon }) => horizon === settings[scene.horizon]) ?? all[0];
}

/** Return the numbers of a text; one that is missing is none. @param {string} text */
export const numbers = (text) => text.split(",").map((number) => (number === "" ? NaN : Number(number)));

/** Return the claims that are about a variant. @param {Table} table @param {string} name */
export const claimsOf = (table, name) =>
  table.claims.filter((claim) => claim.variant === name || claim.reference === name).slice(0, SHOWN);

/**
 * Return a sweep's cells in which all but what the map shows is as on the page.
 * @param {Table} table @param {Settings} settings @param {string} grid @param {string[]} but
 */
export const cellsOf = (table, settings, grid, but) => table.variants
  .filter((variant) => variant.name.startsWith(`${grid}@`) && fits(table, variant, settings, but))
  .map((variant) => ({ ...variant, settings: { ...table.defaults, ...variant.settings } }));
