"""The explorable page and its modules, in a browser."""

import pytest

from repro.explore.bundle import bundle
from repro.explore.scenes import load_scenes

TRAIN = """([scene, settings, seeds, until]) => seeds.map((seed) => {
    const steps = _scene.stepsOf(scene, settings);
    const snapshots = [];
    for (const snapshot of _training.train(scene, settings, seed, globalThis.digits)) {
        snapshots.push({ step: steps[snapshots.length], ...snapshot });
        if (snapshots.at(-1).step >= until) break;
    }
    return snapshots;
})"""


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
