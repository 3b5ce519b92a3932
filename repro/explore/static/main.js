// The page: reads its state from the address, trains it, and draws what comes back.
import { all, data, fill, find, listen, showMap } from "./controls.js";
import { Dots } from "./dots.js";
import { unpack } from "./images.js";
import { keyOf, Pool } from "./pool.js";
import { drawCurve, drawField, drawNetwork } from "./portrait.js";
import { stepsOf, tell } from "./scene.js";
import { inWords, read, write } from "./state.js";
import { Study } from "./study.js";
import { serve } from "./worker.js";

const PACE = 110; // milliseconds a logged step
const BIRTH = 900; // before the first step, to see how the networks start

/**
 * Take away a value that this browser cannot train with.
 * @param {Record<string, Scene>} scenes @param {string} value
 */
function lack(scenes, value) {
  for (const { name, controls } of Object.values(scenes)) {
    for (const control of controls) control.values = control.values.filter((other) => other !== value);
    find(`controls-${name}`).content.querySelector(`option[value=${value}]`)?.remove();
  }
}

class Page {
  constructor() {
    this.pool = new Pool(document.currentScript?.textContent ?? "", () => this.ask()); // it takes longest to start
    this.scenes = data("scenes");
    /** @type {Digits | undefined} */
    this.digits = undefined;
    this.dots = new Dots(find("dots"));
    this.motion = matchMedia("(prefers-reduced-motion: reduce)");
    if (!Math.f16round) lack(this.scenes, "float16");
    this.state = read(location.hash, this.scenes);
    this.clock = { step: 0, since: 0, running: true };
    this.asked = false;
    this.study = new Study();
    this.shown = ""; // name of the scene
    this.told = -1; // job that has been told in words
    this.portrayed = "";
    addEventListener("DOMContentLoaded", () => this.complete());
    this.listen();
    this.begin();
  }

  /** Go on with what the page has behind its script. */
  complete() {
    if (this.state.scene.digits) this.train();
    this.study.show(this.state);
    this.ask();
  }

  listen() {
    addEventListener("hashchange", () => {
      this.state = read(location.hash, this.scenes);
      this.begin();
    });
    addEventListener("resize", () => this.ask());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.ask());
    find("step").addEventListener("input", () => {
      this.clock = { step: Number(find("step").value), since: 0, running: false };
      this.ask();
    });
    find("play").addEventListener("click", () => this.play());
    find("seed").addEventListener("change", () => this.follow(Math.floor(Number(find("seed").value) || 0)));
    const current = () => this.state.scene;
    listen(find("controls"), current, (changed) => this.go({ settings: { ...this.state.settings, ...changed } }));
    for (const button of all("[data-copy]")) button.addEventListener("click", () => copy(button));
    this.listenToDots(find("dots"));
  }

  /** @param {HTMLCanvasElement} canvas */
  listenToDots(canvas) {
    canvas.addEventListener("click", (event) => {
      const dot = this.dots.nearest(event.offsetX, event.offsetY);
      if (dot) this.follow(dot.seed);
    });
    canvas.addEventListener("pointermove", (event) => {
      const dot = this.dots.nearest(event.offsetX, event.offsetY);
      const name = dot?.beside ? "sigmoid, seed" : "seed";
      canvas.title = dot ? `${name} ${dot.seed}: ${dot.snapshot.value.toPrecision(4)}` : "";
    });
    canvas.addEventListener("keydown", (event) => {
      const change = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!change) return;
      event.preventDefault();
      this.follow(this.state.follow + change);
    });
  }

  play() {
    this.clock = { step: 0, since: performance.now(), running: true };
    this.ask();
  }

  /** Go to another state, which the address says, too. @param {Partial<State>} change */
  go(change) {
    this.state = { ...this.state, ...change };
    history.replaceState(null, "", write(this.state));
    this.begin();
  }

  /** @param {number} seed */
  follow(seed) {
    this.state.follow = Math.min(999999999, Math.max(0, seed));
    history.replaceState(null, "", write(this.state));
    this.pool.follow(this.state);
    this.study.showRow(this.state.follow);
    this.ask();
  }

  /** Train the state, and write all of the page that does not change while it trains. */
  begin() {
    const { scene, settings } = this.state;
    this.train();
    if (this.shown !== scene.name) this.open(scene);
    find("step").max = `${stepsOf(scene, settings).length - 1}`;
    fill(find("controls"), this.state);
    showMap(this.state);
    this.study.show(this.state);
    for (const [id, text] of inWords(this.state)) find(id).textContent = text;
    this.play();
  }

  train() {
    if (this.state.scene.digits && !this.digits) {
      if (!find("digits")) return; // they are still being read
      this.digits = unpack(data("digits"));
      this.pool.send(this.digits);
    }
    this.pool.start(this.state);
  }

  /** Show what the page has for a scene. @param {Scene} scene */
  open({ name }) {
    this.shown = name;
    this.dots.dots.clear();
    for (const part of all("[data-only]")) part.hidden = !part.dataset.only?.split(" ").includes(name);
    for (const link of all("nav.scenes a"))
      link.toggleAttribute("aria-current", link.getAttribute("href") === `#scene=${name}`);
    for (const id of ["controls", "maps"]) find(id).replaceChildren(find(`${id}-${name}`).content.cloneNode(true));
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
    const { scene, settings, follow } = this.state;
    const { seeds } = settings;
    const still = this.motion.matches;
    const steps = stepsOf(scene, settings);
    const runs = [...this.pool.runs.values()].filter(({ seed }) => seed < seeds || seed === follow);
    const own = runs.filter(({ beside }) => !beside);
    const wave = Math.min(seeds, scene.beside ? scene.wave / 2 : scene.wave);
    const reached = own.map(({ snapshots }) => snapshots.length - 1).sort((a, b) => b - a);
    const running = this.tick(reached[wave - 1] ?? 0, steps.length - 1); // by as many as train side by side
    const { step } = this.clock;
    const expected = seeds * (scene.beside ? 2 : 1);
    const view = { scene, settings, follow, runs, expected, step, still, committed: this.study.committed };
    const moving = this.dots.draw(view);
    const snapshots = own.map((run) => run.snapshots[step]).filter(Boolean);
    const at = step === 0 ? "before the first step" : `${scene.unit} ${steps[step].toLocaleString("en")}`;
    find("told").textContent = snapshots.length ? tell(scene, snapshots) : "Training starts …";
    find("at").textContent = at;
    find("step").value = `${step}`;
    find("step").setAttribute("aria-valuetext", at);
    this.portray(view, steps[step]);
    if (snapshots.length >= seeds && step === steps.length - 1) this.announce(tell(scene, snapshots));
    return moving || running;
  }

  /**
   * Let time pass; return whether it goes on by itself.
   * @param {number} known the step that a wave of runs has reached @param {number} last
   */
  tick(known, last) {
    const { clock } = this;
    if (!clock.running) return false;
    if (this.motion.matches) clock.step = known;
    const now = performance.now();
    const pace = () => (clock.step === 0 ? BIRTH : PACE);
    while (clock.step < known && now - clock.since > pace()) {
      clock.since += pace();
      clock.step++;
    }
    if (clock.step === known && clock.step > 0) clock.since = now;
    clock.running = clock.step < last;
    return clock.step < known;
  }

  /** Draw the network that is followed, if there is news of it. @param {View} view @param {number} at the step */
  portray(view, at) {
    const { scene, follow, step } = view;
    const runs = [false, true]
      .map((beside) => this.pool.runs.get(keyOf({ seed: follow, beside })))
      .filter((run) => run !== undefined);
    const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
    const news = [
      this.pool.job,
      follow,
      step,
      runs.map(({ snapshots }) => snapshots.length),
      innerWidth,
      isDark,
    ].join();
    if (news === this.portrayed) return;
    this.portrayed = news;
    drawCurve(find("curve"), view, runs);
    for (const { beside, snapshots } of runs) {
      const detail = snapshots[Math.min(step, snapshots.length - 1)].detail;
      if (!detail) continue;
      if (!scene.digits || !this.digits) {
        drawNetwork(find("network"), detail, at);
        continue;
      }
      const name = beside ? "beside" : "alive";
      drawField(find(`field-${name}`), detail, this.digits, name);
      find(`tell-${name}`).textContent = tellField(detail);
    }
  }

  /** Say how all networks ended, once a job, for those who hear the page. @param {string} text */
  announce(text) {
    if (this.told === this.pool.job) return;
    this.told = this.pool.job;
    find("status").textContent = text;
    const label = `A dot a network, by ${this.state.scene.axis.label}. ${text} The arrow keys follow the next seed.`;
    find("dots").setAttribute("aria-label", label);
  }
}

/** @param {Field} field */
function tellField({ cells, silent }) {
  const units = cells.flatMap((layer) => [...layer]);
  const dead = units.filter((reacts) => !reacts).length;
  const stopped = silent.filter(Boolean).length;
  return `${dead} of ${units.length} hidden units are dead; ${stopped} of ${silent.length} images reach none.`;
}

/** Copy what a button names. @param {HTMLElement} button */
async function copy(button) {
  const said = find(button.dataset.copy ?? "");
  const was = button.textContent;
  try {
    await navigator.clipboard.writeText(said.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection()?.selectAllChildren(said); // to be copied by hand
    button.textContent = "Selected";
  }
  setTimeout(() => {
    button.textContent = was;
  }, 1500);
}

if (typeof document === "undefined") {
  serve();
} else {
  document.documentElement.classList.add("scripted");
  new Page();
}
