"""The rooms of the package: what each may import, and that imports run in no circle."""

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import repro
from repro.app.lint.imports import CHECKS, HEAVY, called_by_name, heavy_imports, imported, rooms
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
TRAINS = {"training", "instruments", *THREADS}  # what may import TensorFlow, Keras or numba
BY_NAME = {  # modules that import what a text names: a thread, the user's own code, what is lazy
    *("__init__.py", "callbacks.py", "startup.py", "app/cli/main.py", "study/experiments.py"),
    "instruments/diagnose/setup/loading.py",
}


def dotted(path):
    place = path.relative_to(PACKAGE.parent).with_suffix("")
    return ".".join((place.parent if path.name == "__init__.py" else place).parts)


MODULES = {dotted(path): path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"}


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


@cache
def needed(path):
    """Return the modules that a file imports from, and the packages that hand a name on."""
    names = set(imported(path))
    inner = {name: {other for other in names if other.rpartition(".")[0] == name} for name in names}
    # a package may be no more than the way to modules inside it
    return {n for n in names & set(MODULES) if not inner[n] or inner[n] - set(MODULES)}


def circle(files):
    try:
        list(TopologicalSorter({name: needed(path) for name, path in files.items()}).static_order())
    except CycleError as error:
        return error.args[1]
    return []


def test_imports_run_in_no_circle():
    assert circle(MODULES) == []


@pytest.mark.parametrize(
    "text",
    [
        "from repro.study.code import code_digest",
        "def f():\n    from repro.study.code.meaning import Meaning",
        "if TYPE_CHECKING:\n    import repro.study.code.meaning as m",
        "from repro.study import code",
    ],
)
def test_a_circle_is_seen_wherever_the_import_stands(text, tmp_path):
    path = tmp_path / "canonical.py"
    path.write_text(text)
    assert "repro.study.code.canonical" in circle(MODULES | {"repro.study.code.canonical": path})


@pytest.mark.parametrize(
    "text",
    [
        "from repro.app import lint",
        "from repro import app",
        "def f():\n    import repro.app.lint as l",
        "if TYPE_CHECKING:\n    from repro.app.lint import style",
        "from repro import *",
    ],
)
def test_a_room_is_seen_wherever_the_import_stands(text, tmp_path):
    path = tmp_path / "module.py"
    path.write_text(text)
    assert rooms(path) - {"data"}


@pytest.mark.parametrize("text", ["import repro", "import repro.data", "from . import x"])
def test_an_import_that_hides_its_room_is_refused(text, tmp_path):
    path = tmp_path / "module.py"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"module\.py"):
        rooms(path)


def test_what_a_text_names_is_imported_in_few_places():
    by_name = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if called_by_name(node)
    }
    assert by_name == BY_NAME


def test_what_trains_is_imported_by_what_trains_alone():
    for name, path in MODULES.items():
        if name.split(".")[1] not in TRAINS:
            tops = {module.split(".")[0] for module in imported(path)}
            assert not tops & set(HEAVY), path


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("thread", THREADS)
def test_a_thread_keeps_its_walls(thread, check):
    assert list(check(load_study(thread), Repository(PACKAGE.parent))) == []


@pytest.mark.parametrize("modules", ["repro", "repro.app.cli.main", "repro.app.runs.run"])
def test_what_trains_is_imported_only_to_train(modules):
    assert heavy_imports(modules, PACKAGE.parent) == []
