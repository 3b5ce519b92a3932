// The page: reads its state from the address, trains it, and draws what comes back.
import { palette } from "./canvas.js";
import { unpack } from "./digits.js";
import { Dots } from "./dots.js";
import { clear, element, find, heatMap, makeControls, rowOf } from "./parts.js";
import { keyOf, Pool } from "./pool.js";
import { drawCurve, drawField, drawNetwork } from "./portrait.js";
import { scenes } from "./scenes.js";
import { inWords, read, write } from "./state.js";
import { claimsOf, matching, numbers } from "./tables.js";
import { serve } from "./worker.js";

const PACE = 110; // milliseconds a logged step
const BIRTH = 900; // before the first step, to see how the networks start

/** @param {string} id */
const data = (id) => JSON.parse(find(id).textContent ?? "");

class Page {
  constructor() {
    this.pool = new Pool(document.currentScript?.textContent ?? "", () => this.ask()); // it takes longest to start
    this.tables = data("tables");
    /** @type {Digits | undefined} */
    this.digits = undefined;
    this.dots = new Dots(find("dots"));
    this.motion = matchMedia("(prefers-reduced-motion: reduce)");
    this.state = this.addressed();
    this.clock = { step: 0, since: 0, running: true };
    this.asked = false;
    /** @type {number[]} */
    this.committed = []; // values of the study's runs
    this.shown = ""; // name of the scene
    this.told = -1; // job that has been told in words
    this.portrayed = "";
    this.listen();
    this.begin();
  }

  usual(/** @type {Scene} */ scene) {
    return { ...this.tables[scene.name].defaults, ...scene.settings };
  }

  addressed() {
    return read(location.hash, scenes, (scene) => this.usual(scene));
  }

  listen() {
    addEventListener("hashchange", () => {
      this.state = this.addressed();
      this.begin();
    });
    addEventListener("resize", () => this.ask());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.ask());
    find("step").addEventListener("input", () => {
      this.clock.running = false;
      this.clock.step = Number(find("step").value);
      this.ask();
    });
    find("play").addEventListener("click", () => {
      this.clock = { step: 0, since: performance.now(), running: true };
      this.ask();
    });
    /** @type {HTMLCanvasElement} */
    const canvas = find("dots");
    canvas.addEventListener("click", (event) => {
      const dot = this.dots.nearest(event.offsetX, event.offsetY);
      if (dot) this.follow(dot.seed);
    });
    canvas.addEventListener("pointermove", (event) => {
      const dot = this.dots.nearest(event.offsetX, event.offsetY);
      const said = dot && `seed ${dot.seed}${dot.beside ? ", sigmoid" : ""}: ${dot.snapshot.value.toPrecision(4)}`;
      canvas.title = said ?? "";
    });
    canvas.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
      event.preventDefault();
      this.follow(Math.max(0, this.state.follow + (event.key === "ArrowRight" ? 1 : -1)));
    });
    find("seed").addEventListener("change", () => {
      this.follow(Math.min(999999999, Math.max(0, Math.floor(Number(find("seed").value) || 0))));
    });
    for (const button of document.querySelectorAll("[data-copy]")) {
      button.addEventListener("click", () => this.copy(/** @type {HTMLElement} */ (button)));
    }
  }

  /** Go to another state: its address changes, and with it the page. @param {Partial<State>} change */
  go(change) {
    const state = { ...this.state, ...change };
    history.replaceState(null, "", write(state, this.usual(state.scene)));
    this.state = state;
    this.begin();
  }

  /** @param {number} seed */
  follow(seed) {
    this.state = { ...this.state, follow: seed };
    history.replaceState(null, "", write(this.state, this.usual(this.state.scene)));
    this.pool.follow(seed);
    this.ask();
    find("seed").value = `${seed}`;
    this.tellRow();
  }

  /** Train the state, and write all of the page that does not change while it trains. */
  begin() {
    const { scene, settings, seeds, follow } = this.state;
    if (scene.digits && !this.digits) {
      this.digits = unpack(data("digits"));
      this.pool.send(this.digits);
    }
    this.pool.start(scene, settings, Array.from({ length: seeds }, (_, seed) => seed), follow);
    if (follow >= seeds) this.pool.follow(follow);
    this.clock = { step: 0, since: performance.now(), running: true };
    if (this.shown !== scene.name) this.dots.forget();
    this.shown = scene.name;
    document.body.dataset.scene = scene.name;
    for (const link of document.querySelectorAll("nav.scenes a")) {
      link.toggleAttribute("aria-current", link.getAttribute("href") === `#scene=${scene.name}`);
    }
    find("question").textContent = this.tables[scene.name].question;
    find("hint").textContent = scene.hint;
    find("size").textContent = scene.digits ?? "";
    find("step").max = `${scene.steps(settings).length - 1}`;
    find("seed").value = `${follow}`;
    makeControls(find("controls"), this.state, (change) => this.go(change));
    this.variant = matching(this.tables[scene.name], this.state);
    this.committed = this.variant ? numbers(this.variant.values) : [];
    this.tellStudy();
    this.tellRow();
    heatMap(find("map"), this.tables[scene.name], this.state, (change) => this.go(change));
    find("fields").hidden = !scene.digits;
    find("network").hidden = Boolean(scene.digits);
    find("images").hidden = !scene.digits;
    this.legend();
    const said = inWords(this.state, this.tables[scene.name].defaults);
    for (const [id, text] of Object.entries(said)) find(id).textContent = text;
    this.ask();
  }

  legend() {
    const { scene } = this.state;
    const items = [["alive", scene.alive], ...scene.states.map(({ label }, i) => [`state-${i}`, label])];
    if (scene.beside) items.push(["beside", "the same with sigmoid"]);
    if (this.variant) items.push(["committed", `the study’s runs of ${this.variant.name}`]);
    const item = (/** @type {string[]} */ [name, label]) =>
      element("li", {}, [element("span", { class: `swatch ${name}` }), label]);
    clear(find("legend")).append(...items.map(item));
  }

  tellStudy() {
    const study = this.tables[this.state.scene.name];
    const said = clear(find("study"));
    if (!this.variant) {
      said.append(element("p", {}, "The study has no variant with these settings: nobody has judged it yet."));
      return;
    }
    const { name, seeds, horizon } = this.variant;
    const last = `${this.state.scene.horizon} ${horizon.toLocaleString("en")}`;
    const size = `, ${seeds.toLocaleString("en")} seeds, ${last}.`;
    said.append(element("p", {}, ["In grey: ", element("code", {}, name), size]));
    const claims = claimsOf(study, name);
    said.append(element("ul", { class: "verdicts" }, claims.map(({ id, says, verdict, n }) => element("li", {}, [
      element("span", { class: `verdict ${verdict.replace(" ", "-")}` }, verdict), " ", ...withCode(says), " ",
      element("span", { class: "quiet" }, [element("code", {}, id), `, n = ${n.toLocaleString("en")}`])]))));
  }

  tellRow() {
    const cells = this.variant ? rowOf(this.variant, this.state.follow) : [];
    const cell = (/** @type {string[]} */ [name, value]) =>
      element("div", {}, [element("dt", {}, name), element("dd", {}, value)]);
    clear(find("row")).append(...cells.map(cell));
    find("rows").hidden = cells.length === 0;
    find("other").textContent = this.state.scene.other ?? "";
  }

  /** Draw soon, once. */
  ask() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      if (this.frame()) this.ask();
    });
  }

  /** Draw; return whether there is more to come without news from the workers. */
  frame() {
    const { scene, settings, follow, seeds } = this.state;
    const still = this.motion.matches;
    const runs = [...this.pool.runs.values()].filter(({ seed }) => seed < seeds || seed === follow);
    const own = runs.filter(({ beside }) => !beside);
    const last = scene.steps(settings).length - 1;
    const wave = Math.min(seeds, scene.beside ? scene.wave / 2 : scene.wave);
    const reached = own.map(({ snapshots }) => snapshots.length - 1).sort((a, b) => b - a);
    const known = reached[wave - 1] ?? 0; // by as many as train side by side
    const running = this.tick(known, last, still);
    const { step } = this.clock;
    const { committed } = this;
    const expected = seeds * (scene.beside ? 2 : 1);
    const moving = this.dots.draw({ scene, settings, runs, expected, step, follow, still, committed });
    const snapshots = own.map((run) => run.snapshots[step]).filter(Boolean);
    find("told").textContent = snapshots.length ? scene.tell(snapshots, settings) : "Training starts …";
    const at = scene.steps(settings)[step];
    find("at").textContent = step === 0 ? "before the first step" : `${scene.unit} ${at.toLocaleString("en")}`;
    find("step").value = `${step}`;
    find("step").setAttribute("aria-valuetext", find("at").textContent ?? "");
    this.portray(step, at);
    if (snapshots.length >= seeds && step === last && this.told !== this.pool.job) {
      this.told = this.pool.job; // once a job, for those who hear the page
      find("status").textContent = scene.tell(snapshots, settings);
      const label = `A dot a network, by ${scene.axis.label}. ${find("status").textContent}`;
      find("dots").setAttribute("aria-label", `${label} The arrow keys follow the next seed.`);
    }
    return moving || running;
  }

  /**
   * Let time pass; return whether it goes on by itself.
   * @param {number} known the step that a wave of runs has reached @param {number} last @param {boolean} still
   */
  tick(known, last, still) {
    const { clock } = this;
    if (!clock.running) return false;
    if (still) clock.step = known;
    const now = performance.now();
    while (clock.step < known && now - clock.since > (clock.step === 0 ? BIRTH : PACE)) {
      clock.since += clock.step === 0 ? BIRTH : PACE;
      clock.step++;
    }
    if (clock.step === known && clock.step > 0) clock.since = now;
    if (clock.step === last) clock.running = false;
    return clock.step < known;
  }

  /** @param {number} step @param {number} at */
  portray(step, at) {
    const { scene, settings, follow } = this.state;
    const runs = [false, true]
      .map((beside) => this.pool.runs.get(keyOf({ seed: follow, beside })))
      .filter((run) => run !== undefined);
    const lengths = runs.map(({ snapshots }) => snapshots.length);
    const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
    const key = [this.pool.job, follow, step, lengths, innerWidth, isDark].join();
    if (key === this.portrayed) return; // there is no news of it
    this.portrayed = key;
    drawCurve(find("curve"), scene, settings, runs, step);
    for (const { beside, snapshots } of runs) {
      const detail = snapshots[Math.min(step, snapshots.length - 1)]?.detail;
      if (!detail) continue;
      if (!this.digits || !scene.digits) {
        drawNetwork(find("network"), detail, at);
        continue;
      }
      const { alive, beside: other } = palette(find("dots"));
      drawField(find(beside ? "field-beside" : "field"), detail, this.digits, beside ? other : alive);
      find(beside ? "tell-beside" : "tell-field").textContent = tellField(detail);
    }
  }

  /** @param {HTMLElement} button */
  async copy(button) {
    const text = find(button.dataset.copy ?? "").textContent ?? "";
    const was = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection()?.selectAllChildren(find(button.dataset.copy ?? "")); // to be copied by hand
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = was; }, 1500);
  }
}

/** Return a text whose code stands between backticks. @param {string} text */
const withCode = (text) => text.split("`").map((part, i) => (i % 2 ? element("code", {}, part) : part));

/** @param {{cells: Uint8Array[], silent: boolean[]}} detail */
function tellField({ cells, silent }) {
  const units = cells.flatMap((layer) => [...layer]);
  const dark = units.filter((reacts) => !reacts).length;
  return `${dark} of ${units.length} hidden units are dead; `
    + `${silent.filter(Boolean).length} of ${silent.length} images reach none.`;
}

if (typeof document === "undefined") {
  serve();
} else {
  document.documentElement.classList.add("scripted");
  new Page();
}
