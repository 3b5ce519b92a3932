"""The rooms of the package: what each may import, and that imports run in no circle."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import repro
from repro.study.folder import study_names

PACKAGE = Path(repro.__file__).parent
THREADS = tuple(study_names())
ALLOWED = {  # besides itself
    "data": set(),
    "training": set(),
    "study": set(),
    "store": {"study"},
    "running": {"data", "study", "store"},
    "findings": {"study", "store"},
    "instruments": {"training", "store", "findings"},
    "app": {"data", "study", "store", "running", "findings"},
    "commands": {"app", "training", "study", "store", "findings", "instruments"},
} | {thread: {"data", "training"} for thread in THREADS}
MORE = {"mechanism": {"findings"}, "__main__": {"app"}}  # of a thread
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path
    for path in PACKAGE.rglob("*.py")
    if path.name != "__init__.py"
}


def imported(path):
    """Every name that a file imports, wherever in it, as `module` and `module.name`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms(path):
    names = (name.split(".") for name in imported(path))
    return {parts[1] for parts in names if parts[0] == "repro" and len(parts) > 1}


def files(room):
    single = PACKAGE / f"{room}.py"
    return [single] if single.exists() else sorted((PACKAGE / room).rglob("*.py"))


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_only_what_is_below_it(room):
    for path in files(room):
        more = MORE.get(path.stem, set()) if room in THREADS else set()
        names = {"__version__", "fit_seeds", "data_order"}  # of the package itself
        assert rooms(path) <= {room, *ALLOWED[room], *more, *names}, path


def test_every_room_has_its_wall():
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name[0] != "_"}
    assert folders - {"experiments"} <= set(ALLOWED)


def test_imports_run_in_no_circle():
    graph = {name: {i for i in imported(path) if i in MODULES} for name, path in MODULES.items()}
    list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle


@pytest.mark.parametrize("thread", THREADS)
def test_posted_code_needs_numpy_alone(thread):
    for path in (PACKAGE / thread).glob("posted.py"):
        outside = {name.split(".")[0] for name in imported(path)} - set(sys.stdlib_module_names)
        assert outside <= {"numpy"}


@pytest.mark.parametrize("thread", THREADS)
def test_a_compiled_loop_stands_in_one_file(thread):
    """An edit elsewhere would leave what numba has cached as it is; `loops.exponential` says so."""
    for path in (PACKAGE / thread).glob("loop.py"):
        ours = {name for name in imported(path) if name.startswith("repro.")}
        assert all(name.startswith("repro.training.loops") for name in ours)


@pytest.mark.parametrize(
    "modules",
    ["repro", "repro.app.cli", "repro.app.run", ", ".join(f"repro.{name}" for name in THREADS)],
)
def test_what_trains_is_imported_only_to_train(modules):
    heavy = {"tensorflow", "keras", "numba"}
    code = f"import sys, {modules}; sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
