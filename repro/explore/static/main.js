// The page: reads its state from the address, trains it, and draws what comes back.
import { all, data, fill, find, listen, showMap } from "./controls.js";
import { drawDots, nearest } from "./dots.js";
import { unpack } from "./images.js";
import { Pool } from "./pool.js";
import { drawCurve, drawField, drawNetwork } from "./portrait.js";
import { stepsOf, tell } from "./scene.js";
import { inWords, read, write } from "./state.js";
import { Study } from "./study.js";
import { serve } from "./training.js";

const PACE = 110; // milliseconds a logged step
const BIRTH = 900; // before the first step, to see how the networks start

class Page {
  pool = new Pool(document.currentScript?.textContent ?? "", () => this.ask()); // it takes longest to start
  scenes = data("scenes");
  /** @type {Digits | undefined} */
  digits = undefined;
  study = new Study();
  motion = matchMedia("(prefers-reduced-motion: reduce), print"); // nothing moves on paper
  looks = [matchMedia("(prefers-color-scheme: dark)"), this.motion]; // what changes at once
  state = read(location.hash, this.scenes);
  clock = { step: 0, since: 0, running: true };
  asked = false;
  shown = ""; // name of the scene
  portrayed = "";

  listen() {
    const canvas = find("dots");
    addEventListener("DOMContentLoaded", () => this.judge()); // when the study's runs have been read
    addEventListener("hashchange", () => {
      const isPlace = find(location.hash.slice(1)); // on the page
      if (!isPlace) this.go(read(location.hash, this.scenes));
      this.sayAddress();
    });
    addEventListener("resize", () => this.ask());
    for (const look of this.looks) look.addEventListener("change", () => this.frame()); // at once, for a printer
    find("step").addEventListener("input", () => {
      this.clock = { step: Number(find("step").value), since: 0, running: false };
      this.ask();
    });
    find("play").addEventListener("click", () => this.play());
    find("seed").addEventListener("change", () => this.follow(Math.floor(Number(find("seed").value) || 0)));
    const set = (/** @type {Settings} */ changed) => this.go({ settings: { ...this.state.settings, ...changed } });
    listen(find("controls"), () => this.state.scene, set, this.sayAddress);
    for (const button of all("[data-copy]")) button.addEventListener("click", () => copy(button));
    canvas.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const run = nearest(this.runs(), [event.offsetX, event.offsetY]);
      if (run) this.follow(run.seed);
    });
    canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      const change = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!change) return;
      event.preventDefault();
      this.follow(this.state.follow + change);
    });
  }

  /** Show what the study says. */
  judge() {
    this.study.show(this.state);
    this.ask();
  }

  play() {
    this.clock = { step: 0, since: performance.now(), running: true };
    this.ask();
  }

  /** Go to another state. @param {Partial<State>} change */
  go(change) {
    this.state = { ...this.state, ...change };
    this.begin();
  }

  /** Write the state into the address, which browsers take a hundred times in half a minute: not while a slider moves. */
  sayAddress = () => history.replaceState(null, "", write(this.state));

  /** @param {number} seed */
  follow(seed) {
    this.state.follow = Math.min(999999999, Math.max(0, seed));
    this.pool.follow(this.state, this.digits);
    this.study.showRow(this.state.follow);
    this.ask();
    this.sayAddress();
  }

  /** Train the state, and write all of the page that does not change while it trains. */
  begin() {
    const { scene, settings } = this.state;
    if (this.shown !== scene.name) this.open(scene);
    if (scene.digits) this.digits ??= unpack(data("digits"));
    this.pool.start(this.state, this.digits);
    find("status").textContent = "";
    find("step").max = `${stepsOf(scene, settings).length - 1}`;
    fill(find("controls"), this.state);
    showMap(this.state);
    this.judge();
    for (const [id, text] of inWords(this.state)) find(id).textContent = text;
    this.play();
  }

  /** Show what the page has for a scene. @param {Scene} scene */
  open({ name }) {
    this.shown = name;
    this.pool.runs.clear();
    for (const part of all("[data-only]")) part.hidden = !part.dataset.only?.split(" ").includes(name);
    for (const link of all("nav.scenes a")) {
      link.ariaCurrent = link.getAttribute("href") === `#scene=${name}` ? "page" : null;
    }
    for (const id of ["controls", "maps"]) find(id).replaceChildren(find(`${id}-${name}`).content.cloneNode(true));
  }

  /** Draw soon, once. */
  ask() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.frame();
    });
  }

  /** Return what is known of the networks that are shown. */
  runs() {
    const { settings, follow } = this.state;
    const runs = [...this.pool.runs.values()];
    return runs.filter(({ seed, snapshots }) => snapshots.length > 0 && (seed < settings.seeds || seed === follow));
  }

  /** Draw, and go on while anything moves without news from the workers. */
  frame() {
    const { scene, settings } = this.state;
    const steps = stepsOf(scene, settings);
    const runs = this.runs();
    if (runs.length === 0 && this.pool.runs.size > 0) return; // until there is news, all stays as it was
    const own = runs.filter(({ beside, seed }) => !beside && seed < settings.seeds); // one more may be followed
    const running = this.tick(reachedBy(own, scene, settings), steps.length - 1);
    const { step } = this.clock;
    const expected = settings.seeds * (scene.beside ? 2 : 1);
    const view = { ...this.state, runs, expected, step, still: this.motion.matches, committed: this.study.committed };
    const moving = drawDots(find("dots"), view);
    const snapshots = own.map((run) => run.snapshots[step]).filter(Boolean);
    const at = step === 0 ? "before the first step" : `${scene.unit} ${steps[step].toLocaleString("en")}`;
    find("told").textContent = snapshots.length ? tell(scene, snapshots) : "Training starts …";
    find("at").textContent = at;
    find("step").value = `${step}`;
    find("step").setAttribute("aria-valuetext", at);
    this.portray(view);
    if (snapshots.length >= settings.seeds && step === steps.length - 1) this.announce(tell(scene, snapshots));
    if (moving || running) this.ask();
  }

  /**
   * Let time pass; return whether it goes on by itself.
   * @param {number} known the step that a wave of runs has reached @param {number} last
   */
  tick(known, last) {
    const { clock } = this;
    if (!clock.running) return false;
    const now = performance.now();
    const isTime = now - clock.since > (clock.step === 0 ? BIRTH : PACE);
    if (isTime && clock.step < known) Object.assign(clock, { step: clock.step + 1, since: now });
    if (this.motion.matches) clock.step = known;
    clock.running = clock.step < last;
    return clock.step < known;
  }

  /** Draw the network that is followed, if there is news of it. @param {View} view */
  portray(view) {
    const { follow, step } = view;
    const runs = view.runs.filter(({ seed }) => seed === follow);
    const counts = runs.map(({ snapshots }) => snapshots.length);
    const news = [this.pool.job, follow, step, counts, innerWidth, this.looks.map(({ matches }) => matches)].join();
    if (news === this.portrayed) return;
    this.portrayed = news;
    drawCurve(find("curve"), view, runs);
    for (const { beside, snapshots } of runs) {
      const { detail } = snapshots[Math.min(step, snapshots.length - 1)];
      if (!this.digits || !detail.cells) {
        drawNetwork(find("network"), detail);
        continue;
      }
      const name = beside ? "beside" : "alive";
      drawField(find(`field-${name}`), detail, this.digits, name);
      find(`tell-${name}`).textContent = tellField(detail);
    }
  }

  /** Say how all networks ended, once a job, for those who hear the page. @param {string} text */
  announce(text) {
    if (find("status").textContent) return;
    find("status").textContent = text;
    const label = `A dot a network, by ${this.state.scene.axis.label}. ${text} The arrow keys follow the next seed.`;
    find("dots").setAttribute("aria-label", label);
  }
}

/**
 * Return the logged step that as many runs have reached as train side by side.
 * @param {Known[]} runs @param {Scene} scene @param {Settings} settings
 */
function reachedBy(runs, { beside, wave }, { seeds }) {
  const reached = runs.map(({ snapshots }) => snapshots.length - 1).sort((a, b) => b - a);
  return reached[Math.min(seeds, beside ? wave / 2 : wave) - 1] ?? 0;
}

/** @param {Field} field */
function tellField({ cells, silent }) {
  const units = cells.flatMap((layer) => [...layer]);
  const dead = units.filter((reacts) => !reacts).length;
  const stopped = silent.filter(Boolean).length;
  return `${dead} of ${units.length} hidden units are dead; ${stopped} of ${silent.length} images reach none.`;
}

/** Copy what a button names; where that is forbidden, select it. @param {HTMLElement} button */
async function copy(button) {
  const said = find(button.dataset.copy ?? "");
  button.dataset.name ??= button.textContent;
  const copied = await navigator.clipboard?.writeText(said.textContent).then(() => "Copied", String);
  if (copied !== "Copied") getSelection()?.selectAllChildren(said);
  button.textContent = copied === "Copied" ? copied : "Selected";
  setTimeout(() => Object.assign(button, { textContent: button.dataset.name }), 1500);
}

if (typeof document === "undefined") {
  serve();
} else {
  document.documentElement.classList.add("scripted");
  const page = new Page();
  page.listen();
  page.begin();
  page.sayAddress();
}
