"""Set before TensorFlow is imported: tests say nothing of its start.

Files whose tests take long come first, so that no process is left with one at the end.
"""

import fcntl
import gc
import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# no test asserts a time
settings.register_profile("sample", deadline=None, max_examples=10)
settings.register_profile("thorough", deadline=None, max_examples=100)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

TESTS = Path(__file__).parent
FIRST = {"test_site", "running", "training", "instruments", "app", "faults", "fuzz", "findings"}
# These train a study, diagnose a network or draw the report; whoever asks for one takes long.
LONG_TO_SET_UP = {
    "chapters",
    "diagnosis",
    "finished",
    "home",
    "sick",
    "trained_study",
    "undisturbed",
}


def pytest_configure(config):
    """With the slow tests hypothesis looks longer."""
    without_slow = "not slow" in config.option.markexpr
    settings.load_profile("sample" if without_slow else "thorough")


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(items):
    """Begin with what takes long; `make test` lets that order be."""
    for item in items:
        if LONG_TO_SET_UP & set(item.fixturenames):
            item.add_marker("long")
    items.sort(key=lambda item: not FIRST & {item.path.stem, item.path.relative_to(TESTS).parts[0]})


def pytest_collection_finish():
    """Spare the garbage collector what was imported, TensorFlow above all: it stays to the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def make_once(tmp_path_factory):
    """A function that returns a folder, filled by the first of several test processes alone."""
    here = tmp_path_factory.getbasetemp()
    shared = here.parent if "PYTEST_XDIST_WORKER" in os.environ else here

    def make(name, fill):
        folder, done = shared / name, shared / f"{name}.done"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                fill(folder)
                done.touch()
        return folder

    return make


@pytest.fixture(scope="session", autouse=True)
def ctrl_c():
    """A shell's background job ignores SIGINT, and hands that down to the processes it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def browser():
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs chromium in the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def need():
    """Find a program, or skip the test, which says what is missing."""

    def find(*names):
        found = next(filter(None, map(shutil.which, names)), None)
        return found or pytest.skip(f"none of {', '.join(names)} is installed")

    return find
