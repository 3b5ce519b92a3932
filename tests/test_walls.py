"""The rooms of the package and who may walk into which."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import repro

PACKAGE = Path(repro.__file__).parent
EXPERIMENTS = ("truth_table", "relu_at_zero", "mnist_relu", "add_numbers", "four_layers")
FORBIDDEN = {
    "training": ("study", "findings", "instruments", "cli", "commands", "session", *EXPERIMENTS),
    "study": ("findings", "training", "cli", "commands", "session", *EXPERIMENTS),
    "findings": ("training", "instruments", "cli", "commands", "session", *EXPERIMENTS),
    "data": (
        "training",
        "study",
        "findings",
        "instruments",
        "cli",
        "commands",
        "session",
        *EXPERIMENTS,
    ),
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


@pytest.mark.parametrize("experiment", [p.stem for p in PACKAGE.glob("*.py")])
def test_no_experiment_imports_another_nor_the_study(experiment):
    if experiment in EXPERIMENTS:
        entered = rooms_entered(PACKAGE / f"{experiment}.py")
        others = set(EXPERIMENTS) - {experiment}
        assert not entered & {*others, "study", "findings", "session"}


def test_nothing_unpickles_evaluates_or_calls_a_shell():
    for path in PACKAGE.rglob("*.py"):
        assert not {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"} & {
            name.split(".")[0] for name in imported(path)
        }, path
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                assert getattr(node.func, "id", "") not in ("eval", "exec", "compile"), path
                for keyword in node.keywords:
                    forbidden = keyword.arg in ("shell", "allow_pickle")
                    value = getattr(keyword.value, "value", True)
                    assert not (forbidden and value), (path, node.lineno)


@pytest.mark.parametrize("module", ["repro", "repro.cli", "repro.session", "repro.mnist_relu"])
def test_tensorflow_is_imported_only_to_train(module):
    code = f"import sys, {module}; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
