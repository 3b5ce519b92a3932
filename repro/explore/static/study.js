// The committed runs: which of them have the settings of the page, and what the study says of these.
import { all, data, find } from "./controls.js";

const SHOWN = 6; // claims

/**
 * Return the variant with the page's settings, of those the one that trains as long, or the longest.
 * @param {Variant[]} variants @param {State} state @returns {Variant | undefined}
 */
function matching(variants, { scene, settings }) {
  const { defaults, horizon, smaller } = scene;
  const free = ["seeds", horizon, ...smaller];
  const all = variants.filter((variant) => {
    const own = { ...defaults, ...variant.settings };
    return Object.keys({ ...own, ...settings }).every((name) => free.includes(name) || own[name] === settings[name]);
  });
  return all.find((variant) => variant.horizon === settings[horizon]) ?? all[0];
}

/** Return the numbers of a text; one that is missing is none. @param {string} text */
const numbers = (text) => text.split(",").map((number) => (number === "" ? NaN : Number(number)));

/** Return the cells of a seed's row in `runs.csv`, with their names. @param {Variant} variant @param {number} seed */
function rowOf({ columns, rows }, seed) {
  const row = rows.split("\n")[seed]?.split(",");
  return row ? columns.map((name, i) => [name, row[i] || "–"]) : [];
}

/** @param {string} tag @param {(string | Node)[]} content */
function node(tag, ...content) {
  const made = document.createElement(tag);
  made.append(...content);
  return made;
}

export class Study {
  /** @type {Record<string, Variant[]>} */
  variants = {}; // by scene, once they have been read
  /** @type {Variant | undefined} */
  variant = undefined; // with the page's settings
  /** @type {number[]} */
  committed = []; // values of its runs

  /** Say which of the study's runs have the page's settings, and what is claimed of them. @param {State} state */
  show(state) {
    const { scene, follow } = state;
    const id = `variants-${scene.name}`;
    if (find(id)) this.variants[scene.name] ??= data(id);
    this.variant = matching(this.variants[scene.name] ?? [], state);
    this.committed = this.variant ? numbers(this.variant.values) : [];
    const { name = "", seeds = 0, horizon = 0 } = this.variant ?? {};
    for (const place of all("[data-variant]")) place.textContent = name;
    for (const part of all("[data-judged]")) part.hidden = (part.dataset.judged === "yes") !== Boolean(this.variant);
    const [runs, length] = [seeds, horizon].map((count) => count.toLocaleString("en"));
    find("size").textContent = `seeds: ${runs}, ${scene.horizon}: ${length}.`;
    let shown = 0;
    for (const claim of all("[data-claim]")) {
      const [thread, ...variants] = claim.dataset.claim?.split(" ") ?? [];
      claim.hidden = thread !== scene.name || !variants.includes(name) || ++shown > SHOWN;
    }
    this.showRow(follow);
  }

  /** Show which seed is followed, and its row in `runs.csv`. @param {number} seed */
  showRow(seed) {
    find("seed").value = `${seed}`;
    const cells = this.variant ? rowOf(this.variant, seed) : [];
    find("rows").hidden = cells.length === 0;
    find("row").replaceChildren(...cells.map(([name, value]) => node("div", node("dt", name), node("dd", value))));
  }
}
