// Parts of the page that are made of elements: controls, the map of a sweep, a row of a table.
import { cellsOf } from "./tables.js";

/** @param {string} id @returns {any} the element, of whatever kind */
export const find = (id) => document.getElementById(id);

/** @param {Element} parent */
export function clear(parent) {
  parent.replaceChildren();
  return parent;
}

/**
 * @param {string} tag @param {Record<string, string | boolean>} attributes
 * @param {string | (string | Node)[]} [content]
 */
export function element(tag, attributes, content = []) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) made.setAttribute(name, `${value}`);
  }
  made.append(...(typeof content === "string" ? [content] : content));
  return made;
}

/** @param {Control} control @param {any} value */
const shown = (control, value) => (control.show ? control.show(value)
  : typeof value === "string" ? value.replaceAll("_", " ")
  : value > 0 && value < 1e-3 ? value.toExponential() : value.toLocaleString("en"));

/**
 * Make a slider of numbers, a list of words, a box of yes and no.
 * @param {HTMLElement} parent @param {State} state @param {(change: Partial<State>) => void} go
 */
export function makeControls(parent, state, go) {
  const { scene, settings, seeds } = state;
  const focused = document.activeElement?.id;
  const made = scene.controls.filter(({ name }) => name in settings).map((control) => {
    const set = (/** @type {any} */ value) => go({ settings: { ...settings, [control.name]: value } });
    return makeControl(control, settings[control.name], set);
  });
  const ofSeeds = { name: "seeds", label: "Seeds", values: [...scene.seeds].sort((a, b) => a - b) };
  made.push(makeControl(ofSeeds, seeds, (value) => go({ seeds: value })));
  clear(parent).append(...made);
  if (focused?.startsWith("set-")) find(focused)?.focus(); // it was made anew under the reader's hands
}

/** @param {Control} control @param {any} value @param {(value: any) => void} set */
function makeControl(control, value, set) {
  const { name, label, values } = control;
  const id = `set-${name}`;
  const at = values.indexOf(value);
  if (typeof value === "boolean") {
    const box = /** @type {HTMLInputElement} */ (element("input", { id, type: "checkbox" }));
    box.checked = value;
    box.addEventListener("change", () => set(box.checked));
    return element("label", { class: "control box" }, [box, label]);
  }
  if (typeof value === "string" && !control.marked) {
    const list = /** @type {HTMLSelectElement} */ (element("select", { id }, values.map((v) =>
      element("option", { value: v, selected: v === value }, shown(control, v)))));
    list.addEventListener("change", () => set(list.value));
    return element("label", { class: "control" }, [element("span", {}, label), list]);
  }
  const ends = { min: "0", max: `${values.length - 1}`, step: "1" };
  const slider = /** @type {HTMLInputElement} */ (element("input", { id, type: "range", ...ends }));
  slider.value = `${at}`;
  const output = element("output", { for: id }, shown(control, value));
  const tell = () => {
    output.textContent = shown(control, values[+slider.value]);
    slider.setAttribute("aria-valuetext", output.textContent);
  };
  tell();
  slider.addEventListener("input", tell);
  slider.addEventListener("change", () => set(values[+slider.value]));
  const whole = element("label", { class: "control" }, [element("span", {}, [label, " ", output]), slider]);
  return control.marked ? element("div", { class: "control" }, [whole, marksOf(control, set)]) : whole;
}

/** @param {Control} control @param {(value: any) => void} set */
function marksOf(control, set) {
  const buttons = (control.marked ?? []).map((value) => {
    const text = shown(control, value);
    const button = element("button", { type: "button", "aria-label": `${control.label}: ${text}` }, text);
    button.addEventListener("click", () => set(value));
    return button;
  });
  return element("div", { class: "marks" }, buttons);
}

/**
 * Make a map of the committed sweep, a button a cell.
 * @param {HTMLElement} parent @param {Table} table @param {State} state @param {(change: Partial<State>) => void} go
 */
export function heatMap(parent, table, state, go) {
  const { scene, settings } = state;
  const { grid } = scene;
  const cells = grid ? cellsOf(table, settings, grid.name, [grid.x, grid.y, scene.horizon, ...scene.smaller]) : [];
  parent.hidden = cells.length === 0;
  if (!grid || parent.hidden) return;
  const control = (/** @type {string} */ name) => /** @type {Control} */ (scene.controls.find((c) => c.name === name));
  const values = (/** @type {string} */ name) => [...new Set(cells.map((cell) => cell.settings[name]))];
  const row = (/** @type {any} */ y) => element("tr", {}, [element("th", { scope: "row" }, shown(control(grid.y), y)),
    ...values(grid.x).map((x) => {
      const cell = cells.find(({ settings: own }) => own[grid.x] === x && own[grid.y] === y);
      if (!cell) return element("td", {});
      const label = [[grid.x, x], [grid.y, y]].map(([name, value]) => `${control(name).label} ${shown(control(name), value)}`);
      const text = cell.mean === null ? "–" : `${Math.round(100 * cell.mean)}`;
      const pressed = settings[grid.x] === x && settings[grid.y] === y;
      const button = element("button", {
        type: "button",
        "aria-pressed": `${pressed}`,
        "aria-label": `${label.join(", ")}: ${text} %`,
        "data-level": `${Math.round(10 * (cell.mean ?? 0))}`,
      }, text);
      button.addEventListener("click", () => go({ settings: { ...settings, [grid.x]: x, [grid.y]: y } }));
      return element("td", {}, [button]);
    })]);
  const heads = [control(grid.y).label, ...values(grid.x).map((x) => shown(control(grid.x), x))];
  const head = element("tr", {}, heads.map((text) => element("th", { scope: "col" }, text)));
  const across = control(grid.x).label.toLowerCase();
  clear(parent).append(element("table", {}, [
    element("caption", {}, `The study’s sweep: test accuracy in %, by ${across} (across). Press a cell to train it here.`),
    element("thead", {}, [head]), element("tbody", {}, values(grid.y).map(row))]));
}

/** Return the cells of a seed's row in `runs.csv`. @param {Variant} variant @param {number} seed */
export function rowOf(variant, seed) {
  const row = variant.rows.split("\n")[seed]?.split(",");
  return row ? variant.columns.map((name, i) => [name, row[i] || "–"]) : [];
}
