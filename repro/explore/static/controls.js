// The settings, and the map of the committed sweep, whose elements the page has from the start.

/** @param {string} id @returns {any} the element, of whatever kind */
export const find = (id) => document.getElementById(id);

/** @param {string} selector @returns {NodeListOf<HTMLElement>} */
export const all = (selector) => document.querySelectorAll(selector);

/** @param {string} id @returns {any} what a part of the page holds for its script */
export const data = (id) => JSON.parse(find(id).textContent);

/** Show a state's settings. @param {HTMLFormElement} form @param {State} state */
export function fill(form, { scene, settings }) {
  for (const { name, values, texts } of scene.controls) {
    const input = /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
    const value = settings[name];
    const index = values.indexOf(value);
    if (input.type === "checkbox") input.checked = value;
    else input.value = input.type === "range" ? `${index}` : value;
    if (input.type !== "range") continue;
    input.setAttribute("aria-valuetext", texts[index]);
    find(`is-${name}`).textContent = texts[index];
  }
}

/**
 * Call `set` with the parameters that the reader changes, while a slider moves too; then, once it rests, `done`.
 * @param {HTMLFormElement} form @param {() => Scene} current
 * @param {(changed: Settings) => void} set @param {() => void} done
 */
export function listen(form, current, set, done) {
  form.addEventListener("input", ({ target }) => {
    const { name, type, checked, value } = /** @type {HTMLInputElement} */ (target);
    const values = current().controls.find((control) => control.name === name)?.values ?? [];
    set({ [name]: type === "checkbox" ? checked : type === "range" ? values[Number(value)] : value });
  });
  form.addEventListener("change", done);
  document.addEventListener("click", ({ target }) => {
    const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (target).closest("[data-settings]"));
    if (!button) return;
    set(JSON.parse(button.dataset.settings ?? ""));
    done();
  });
}

/** Show the map whose other settings are the page's, and which of its cells is trained. @param {State} state */
export function showMap({ settings }) {
  const agrees = (/** @type {string | undefined} */ own) =>
    Object.entries(JSON.parse(own ?? "")).every(([name, value]) => settings[name] === value);
  for (const map of all("table[data-fits]")) {
    map.hidden = !agrees(map.dataset.fits);
    for (const cell of map.querySelectorAll("button")) {
      cell.setAttribute("aria-pressed", `${agrees(cell.dataset.settings)}`);
    }
  }
}
