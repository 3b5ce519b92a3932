"""A number that changes is another digest: the numbers are computed, in packages of a few lines."""

import importlib
import sys

import pytest

from repro.study.code import code_digest

from .code_cases import CASES


@pytest.fixture
def kit(tmp_path, monkeypatch):
    """Return a function that runs the package in a folder as Python would for the first time."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield lambda: computed(tmp_path / "kit")
    forget()


def computed(package):
    forget()
    importlib.invalidate_caches()
    number = importlib.import_module("kit.thread").experiment([1, 2])
    return number, code_digest(["kit.thread:experiment"], package)


def forget():
    for name in [name for name in sys.modules if name.partition(".")[0] == "kit"]:
        del sys.modules[name]


def write(package, case):
    for name, text in {"__init__": "", "thread": case.thread, **case.modules}.items():
        path = place(package, name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def place(package, name):
    return package / (name if "." in name else f"{name}.py")


@pytest.mark.parametrize("name", CASES)
def test_a_number_that_changes_is_another_digest(name, tmp_path, kit):
    case, package = CASES[name], tmp_path / "kit"
    write(package, case)
    number, digest = kit()
    edited = place(package, case.edited)
    text = edited.read_text()
    assert text.count(case.before) >= 1
    edited.write_text(text.replace(case.before, case.after, 1))
    changed, other = kit()
    assert changed != number, "the case changes no number"
    assert other != digest
