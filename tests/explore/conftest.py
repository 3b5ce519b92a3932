"""The explorable page and its modules, in a browser."""

import pytest

from repro.explore.bundle import bundle
from repro.explore.page import FILE
from repro.explore.scenes import load_scenes
from repro.study.folder import RESULTS

TRAIN = """([scene, settings, seeds, until]) => seeds.map((seed) => {
    const steps = _scene.stepsOf(scene, settings);
    const snapshots = [];
    for (const snapshot of _training.train(scene, settings, seed, globalThis.digits)) {
        snapshots.push({ step: steps[snapshots.length], ...snapshot });
        if (snapshots.at(-1).step >= until) break;
    }
    return snapshots;
})"""

END = "() => document.querySelector('#status').textContent !== ''"


@pytest.fixture(scope="session")
def path():
    """The committed page, which another test compares with what the command writes."""
    return (RESULTS / FILE).resolve()


@pytest.fixture
def open_page(browser, path):
    contexts = []

    def open_page(fragment="", before="", **options):
        context = browser.new_context(**({"reduced_motion": "reduce"} | options))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(300_000)  # many networks train where others compute, too
        page.said, page.asked = [], []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.add_init_script(before)
        page.goto(path.as_uri() + fragment)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def modules(browser):
    """A page that has the scenes' code and nothing else."""
    page = browser.new_page()
    page.add_script_tag(content=bundle("training.js"))
    yield page
    page.close()


@pytest.fixture(scope="session")
def trained(modules):
    """Train a scene's networks there; return each seed's snapshots, up to a step."""

    def trained(name, settings, seeds, until=10**9):
        scene = load_scenes()[name].data(name, settings)
        return modules.evaluate(TRAIN, [scene, settings, list(seeds), until])

    return trained
