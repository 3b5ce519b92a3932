"""`python -m bench.explore`: how soon the explorable page shows dots, and how smoothly it trains.

In headless Chromium, each scene at its first settings, all on the cores that this process has.
"""

import shutil
from collections.abc import Iterator
from itertools import pairwise
from statistics import median
from typing import Any

import pandas as pd
from playwright.sync_api import Browser, sync_playwright

from bench.contest import CORES, REPEATS, RESULTS, show
from repro.explore.page import FILE
from repro.explore.scenes import load_scenes
from repro.study.folder import RESULTS as PAGES

WATCH = """
const { arc } = CanvasRenderingContext2D.prototype;
globalThis.seen = { dots: 0, frames: [] };
CanvasRenderingContext2D.prototype.arc = function (...circle) {
    if (this.canvas.id === "dots") seen.dots ||= performance.now();
    return arc.apply(this, circle);
};
const frame = (now) => {
    seen.frames.push(now);
    requestAnimationFrame(frame);
};
requestAnimationFrame(frame);
"""
TRAINED = "() => document.querySelector('#status').textContent !== ''"
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"
SLOW = 25  # milliseconds: a frame of sixty a second was left out


def measure() -> pd.DataFrame:
    """Return the medians of several rounds, one row a scene; times in milliseconds."""
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        rounds = [watch(browser, scene) for _ in range(REPEATS) for scene in load_scenes()]
        browser.close()
    table = pd.DataFrame(rounds).groupby("scene", sort=False).agg(median).reset_index()
    return table.round(1).assign(cores=CORES)


def watch(browser: Browser, scene: str) -> dict[str, Any]:
    """Open a scene, let it train to its end, and return what was seen on the way."""
    page = browser.new_page()
    page.add_init_script(WATCH)
    page.goto(f"{(PAGES / FILE).resolve().as_uri()}#scene={scene}")
    page.wait_for_function(TRAINED, timeout=300_000)
    seen, painted = page.evaluate("() => seen"), page.evaluate(PAINTED)
    page.close()
    frames = [time for time in seen["frames"] if time >= seen["dots"]]
    return {"scene": scene, "painted": painted, "dots": seen["dots"], **dict(smoothness(frames))}


def smoothness(frames: list[float]) -> Iterator[tuple[str, float]]:
    """Yield figures of the times at which frames were drawn."""
    lasted = [later - earlier for earlier, later in pairwise(frames)]
    yield "seconds", sum(lasted) / 1000
    yield "frames_per_second", 1000 * len(lasted) / sum(lasted)
    yield "percent_slow", 100 * sum(one > SLOW for one in lasted) / len(lasted)
    yield "longest_frame", max(lasted)


if __name__ == "__main__":
    measured = measure()
    measured.to_csv(RESULTS / "explore.csv", index=False, lineterminator="\n")
    show(measured)
