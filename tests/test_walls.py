"""The rooms of the package and who may walk into which."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import repro
from repro.study import experiments
from repro.study.folder import study_names

PACKAGE = Path(repro.__file__).parent
EXPERIMENTS = tuple(study_names())
THREAD_ROOMS = ("posted", "rebuilt", "measured", "engines")  # each may enter those before it
# their threads post numpy code, not Keras
REBUILT = [name for name in EXPERIMENTS if list(PACKAGE.glob(f"posted/{name}*"))]
ABOVE = ("cli", "commands", "from_tables", "session", "sweep", "verification", *EXPERIMENTS)
FORBIDDEN = {
    "training": ("study", "findings", "instruments", *THREAD_ROOMS, *ABOVE),
    "study": ("findings", "training", *THREAD_ROOMS, *ABOVE),
    "findings": ("training", "instruments", *THREAD_ROOMS, *ABOVE),
    "data": ("training", "study", "findings", "instruments", *THREAD_ROOMS, *ABOVE),
} | {
    room: ("study", "findings", *THREAD_ROOMS[place + 1 :], *ABOVE)
    for place, room in enumerate(THREAD_ROOMS)
}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_entered(path):
    names = (name.split(".") for name in imported(path))
    return {parts[1] for parts in names if parts[0] == "repro" and len(parts) > 1}


@pytest.mark.parametrize("room", FORBIDDEN)
def test_no_room_imports_what_it_must_not_know(room):
    for path in (PACKAGE / room).rglob("*.py"):
        assert not rooms_entered(path) & set(FORBIDDEN[room]), path


def modules_of(experiment):
    """An experiment's front room and its modules in the rooms of the threads."""
    of_thread = [p for room in THREAD_ROOMS for p in (PACKAGE / room).glob(f"{experiment}*.py")]
    return [PACKAGE / f"{experiment}.py", *of_thread]


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_no_experiment_imports_another_nor_the_study(experiment):
    others = tuple(set(EXPERIMENTS) - {experiment})
    for path in modules_of(experiment):
        assert not rooms_entered(path) & {"study", "findings", "session", "from_tables"}, path
        for name in imported(path):
            in_package = name.startswith("repro.")
            assert not (in_package and name.split(".")[-1].startswith(others)), (path, name)
            assert not (in_package and any(f".{other}." in name for other in others)), (path, name)


@pytest.mark.parametrize("experiment", REBUILT)
def test_every_thread_is_in_every_room(experiment):
    rooms = {path.parent.name for path in modules_of(experiment)}
    assert rooms == {"repro", *THREAD_ROOMS}


@pytest.mark.parametrize("path", [*(PACKAGE / "posted").glob("*.py")], ids=lambda path: path.stem)
def test_posted_code_needs_numpy_alone(path):
    outside = {name.split(".")[0] for name in imported(path)} - set(sys.stdlib_module_names)
    assert outside <= {"numpy"}


@pytest.mark.parametrize(
    "path", [*(PACKAGE / "training" / "compiled").glob("*.py")], ids=lambda path: path.stem
)
def test_compiled_code_stands_in_one_file(path):
    """An edit elsewhere would leave what numba has cached as it is; `exponential` says so."""
    allowed = {
        "repro.training.lanes": ["into_lanes", "out_of_lanes"],
        "repro.training.threads": ["in_threads"],
        "repro.training.compiled.exponential": ["inlined", "sigmoid", "tanh"],
    }
    assert {name for name in imported(path) if name.startswith("repro.")} <= {
        *allowed, *(f"{module}.{name}" for module, names in allowed.items() for name in names)
    }  # fmt: skip


@pytest.mark.parametrize("experiment", REBUILT)
def test_a_change_in_any_room_changes_the_experiments_code(experiment, tmp_path, monkeypatch):
    package = tmp_path / "repro"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(experiments, "PACKAGE", package)
    digests = {experiments.code_digest(f"repro.{experiment}")}
    changed = [
        *(package / path.relative_to(PACKAGE) for path in modules_of(experiment)),
        package / "training" / "compiled" / f"{experiment}.py",
    ]
    for path in changed:
        path.write_text(path.read_text(encoding="utf-8") + "CHANGED = True\n", encoding="utf-8")
        digests.add(experiments.code_digest(f"repro.{experiment}"))
    assert len(digests) == 1 + len(changed) >= 7


@pytest.mark.parametrize(
    "modules",
    ["repro", "repro.cli", "repro.session", ", ".join(f"repro.{name}" for name in EXPERIMENTS)],
)
def test_what_trains_is_imported_only_to_train(modules):
    heavy = {"tensorflow", "keras", "numba"}
    code = f"import sys, {modules}; sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
