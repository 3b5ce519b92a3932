"""Set before TensorFlow is imported: tests say nothing of its start."""

import os
import shutil
import signal

import pytest
from hypothesis import settings

# no test asserts a time
settings.register_profile("sample", deadline=None, max_examples=25)
settings.register_profile("thorough", deadline=None, max_examples=100)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def pytest_configure(config):
    """With the slow tests hypothesis looks longer."""
    settings.load_profile("sample" if config.option.markexpr == "not slow" else "thorough")


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
