"""The explorable page and its modules, in a browser."""

import pytest

from repro.explore.bundle import bundle

LAST = """([name, settings, seeds, stops]) => {
    const { scenes } = _scenes;
    const digits = globalThis.digits;
    return seeds.map((seed) => {
        const scene = scenes[name];
        const steps = scene.steps(settings);
        const snapshots = [];
        for (const snapshot of scene.train(settings, seed, true, digits)) {
            const step = steps[snapshots.length];
            snapshots.push({ step, ...snapshot });
            if (step >= stops) break;
        }
        return snapshots.map(({ step, value, flags, detail }) => ({ step, value, flags, detail }));
    });
}"""


@pytest.fixture(scope="session")
def modules(browser):
    """A page that has the scenes' code and nothing else."""
    page = browser.new_page()
    page.add_script_tag(content=bundle("scenes.js"))
    yield page
    page.close()


@pytest.fixture(scope="session")
def trained(modules):
    """Train a scene's networks there; return each seed's snapshots, up to a step."""

    def trained(name, settings, seeds, until=10**9):
        return modules.evaluate(LAST, [name, settings, list(seeds), until])

    return trained
