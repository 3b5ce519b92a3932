"""The rooms of the package: what each may import, and that imports run in no circle."""

from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import repro
from repro.app.lint.imports import CHECKS, heavy_imports, imported, rooms
from repro.app.lint.problem import Repository
from repro.study.folder import study_names
from repro.study.schema import load_study

PACKAGE = Path(repro.__file__).parent
THREADS = tuple(study_names())
ALLOWED = {  # besides itself
    "data": set(),
    "training": set(),
    "study": set(),
    "store": {"study"},
    "running": {"data", "training", "study", "store"},  # how processes are started and watched
    "findings": {"study", "store"},
    "explore": {"data", "study", "store", "findings"},
    "instruments": {"training", "store", "findings"},
    "app": {"data", "study", "store", "running", "findings", "explore"},
    "commands": {"app", "training", "study", "store", "findings", "instruments"},
}  # and a thread as `repro.app.lint.imports` says
ALLOWED_ALONE = {
    "training/shown.py": {"findings"},  # a fit shows the intervals of the findings
    "running/processes.py": {"startup"},  # tells its processes how to start TensorFlow
}
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path
    for path in PACKAGE.rglob("*.py")
    if path.name != "__init__.py"
}


def files(room):
    single = PACKAGE / f"{room}.py"
    return [single] if single.exists() else sorted((PACKAGE / room).rglob("*.py"))


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_only_what_is_below_it(room):
    for path in files(room):
        alone = ALLOWED_ALONE.get(path.relative_to(PACKAGE).as_posix(), set())
        assert rooms(path) <= {room, *ALLOWED[room], *alone}, path


def test_every_room_has_its_wall():
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name[0] != "_"}
    assert folders - {"experiments"} <= {*ALLOWED, *THREADS}


def test_imports_run_in_no_circle():
    graph = {name: {i for i in imported(path) if i in MODULES} for name, path in MODULES.items()}
    list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("thread", THREADS)
def test_a_thread_keeps_its_walls(thread, check):
    assert list(check(load_study(thread), Repository(PACKAGE.parent))) == []


@pytest.mark.parametrize("modules", ["repro", "repro.app.cli.main", "repro.app.runs.run"])
def test_what_trains_is_imported_only_to_train(modules):
    assert heavy_imports(modules, PACKAGE.parent) == []
