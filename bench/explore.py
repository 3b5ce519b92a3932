"""`python -m bench.explore`: how soon the explorable page shows dots, and how smoothly it trains.

In headless Chromium, each scene at its first settings, all on the cores that this process has.
`--frames FOLDER` measures nothing, and records how a scene opens, to be looked at.
"""

import shutil
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import click
import pandas as pd
from playwright.sync_api import Browser, Page, sync_playwright

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
MOMENTS = (0, 0.1, 0.3, 1, 3)  # seconds after the first paint
LOOKS = [(width, scheme) for width in (360, 1280) for scheme in ("light", "dark")]
SLOW = 25  # milliseconds: a frame of sixty a second was left out


def measure() -> pd.DataFrame:
    """Return the medians of several rounds, one row a scene; milliseconds since it was opened."""
    with chromium() as browser:
        rounds = [watch(browser, scene) for _ in range(REPEATS) for scene in load_scenes()]
    table = pd.DataFrame(rounds).groupby("scene", sort=False).agg(median).reset_index()
    return table.round(1).assign(cores=CORES)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Give a browser without a window."""
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def address(scene: str) -> str:
    """Return where a scene of the committed page is."""
    return f"{(PAGES / FILE).resolve().as_uri()}#scene={scene}"


def watch(browser: Browser, scene: str) -> dict[str, Any]:
    """Open a scene, let it train to its end, and return what was seen on the way."""
    page = browser.new_page()
    page.add_init_script(WATCH)
    page.goto(address(scene))
    page.wait_for_function(TRAINED, timeout=300_000)
    times, painted = page.evaluate("() => seen"), page.evaluate(PAINTED)
    page.close()
    frames = [time for time in times["frames"] if time >= times["dots"]]
    return {"scene": scene, "painted": painted, "dots": times["dots"], **dict(smoothness(frames))}


def smoothness(frames: list[float]) -> Iterator[tuple[str, float]]:
    """Yield figures of the times at which frames were drawn."""
    lasted = [later - earlier for earlier, later in pairwise(frames)]
    yield "seconds", sum(lasted) / 1000
    yield "frames_per_second", 1000 * len(lasted) / sum(lasted)
    yield "percent_slow", 100 * sum(one > SLOW for one in lasted) / len(lasted)
    yield "longest_frame", max(lasted)


def record(folder: Path, scene: str) -> None:
    """Write what a scene shows at some moments after its first paint, in every look, as PNGs."""
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for width, scheme in LOOKS:
            size = {"width": width, "height": 800}
            page = browser.new_page(viewport=size, color_scheme=scheme)
            for moment, picture in moments(page, address(scene)):
                (folder / f"{scene}-{width}-{scheme}-{moment}s.png").write_bytes(picture)
            page.close()


def moments(page: Page, url: str) -> Iterator[tuple[float, bytes]]:
    """Open a page; yield the frame that is on the screen at each of the moments."""
    frames: list[tuple[float, str]] = []  # when it was drawn, in seconds since 1970, and its PNG
    session = page.context.new_cdp_session(page)

    def keep(frame: dict[str, Any]) -> None:
        frames.append((frame["metadata"]["timestamp"], frame["data"]))
        session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})

    session.on("Page.screencastFrame", keep)
    session.send("Page.startScreencast", {"format": "png"})
    page.goto(url)
    page.wait_for_timeout(1000 * (max(MOMENTS) + 1))
    session.remove_listener("Page.screencastFrame", keep)
    session.detach()
    painted = page.evaluate(f"() => (performance.timeOrigin + ({PAINTED})()) / 1000")
    for moment in MOMENTS:
        drawn = [data for instant, data in frames if instant <= painted + moment]
        yield moment, b64decode(drawn[-1] if drawn else frames[0][1])


@click.command()
@click.option("--frames", type=click.Path(path_type=Path), help="Record into this folder.")
@click.option("--scene", type=click.Choice([*load_scenes()]), default=next(iter(load_scenes())))
def main(frames: Path | None, scene: str) -> None:
    """Measure the explorable page; or record a scene as frames."""
    if frames is not None:
        record(frames, scene)
        return
    measured = measure()
    measured.to_csv(RESULTS / "explore.csv", index=False, lineterminator="\n")
    show(measured)


if __name__ == "__main__":
    main(prog_name="python -m bench.explore")
