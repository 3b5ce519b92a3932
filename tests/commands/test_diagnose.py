"""`python -m repro diagnose`, as a user calls it."""

import inspect
import os
import textwrap

import numpy as np
import pytest
from click.testing import CliRunner

import repro
from repro.app.cli.main import main
from repro.commands.diagnose import command


def call(*arguments):
    return CliRunner().invoke(main, ["diagnose", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(0)
    x = generator.normal(size=(60, 2))
    np.savez(tmp_path / "data.npz", x=x, y=x[:, :1] + x[:, 1:])
    return tmp_path


def write(folder, name, code):
    (folder / name).write_text(textwrap.dedent(code), encoding="utf-8")


MODEL = """
import keras

def build():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4, "sigmoid"),
                              keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model

def with_argument(units):
    return units
"""


def test_the_defaults_are_those_of_the_function():
    options = {option.name: option.default for option in command.params}
    function = inspect.signature(repro.diagnose).parameters
    for name in ("budget", "batch_size"):
        assert options[name] == function[name].default
    assert int(options["seeds"]) == function["seeds"].default


def test_help_says_that_the_file_is_run():
    result = call("--help")
    assert result.exit_code == 0
    assert "naming it here runs it" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("target", "data", "says"),
    [
        ("model.py", "data.npz", "must name a file and what is in it"),
        ("modell.py:build", "data.npz", "is named 'modell.py'; did you mean 'model.py'?"),
        ("data.npz:build", "data.npz", "is no Python file"),
        ("model.py:bild", "data.npz", "model.py has no 'bild'; did you mean 'build'? It has"),
        ("pipe.py:build", "data.npz", "'pipe.py' is no Python file"),
        ("model.py:model", "data.npz", "model.py has no 'model'; it has build, with_argument"),
        ("model.py:with_argument", "data.npz", "this takes (units)"),
        ("broken.py:build", "data.npz", "broken.py can't be imported: ZeroDivisionError"),
        ("model.py:build", "nowhere.npz", "no file is named 'nowhere.npz'"),
        ("model.py:build", "objects.npz", "objects.npz must be an .npz file of plain arrays"),
        ("model.py:build", "model.py", "and return (x, y): model.py:load"),
        ("model.py:build", "data.xlsx", "data.xlsx is none of .csv, .npz, .parquet, .tsv; a func"),
        ("model.py:build", "half.npz", "half.npz has no y; it has x"),
        ("model.py:build", "nan.npz", "y is NaN or infinite in 1 of 2 places"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_and_ends_with_2(folder, target, data, says):
    write(folder, "model.py", MODEL)
    write(folder, "broken.py", "build = 1 / 0")
    os.mkfifo(folder / "pipe.py")
    np.savez(folder / "objects.npz", x=np.array([{}, {}], dtype=object), y=np.ones(2))
    write(folder, "data.xlsx", "a sheet")
    np.savez(folder / "half.npz", x=np.ones(3))
    np.savez(folder / "nan.npz", x=np.ones((2, 2)), y=np.array([1.0, np.nan]))
    result = call(target, "--data", data)
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("Error: ")
    assert says in line


def test_a_numpy_step_is_audited(folder):
    write(folder, "model.py", MODEL)
    write(
        folder,
        "step.py",
        """
        import numpy as np

        RATE = 0.1

        def parameters():
            draw = np.random.default_rng(0).normal
            return [draw(size=s) for s in ((2, 4), (4,), (4, 1), (1,))]

        def step(p, x, y):
            W1, b1, W2, b2 = p
            h = 1 / (1 + np.exp(-(x @ W1 + b1)))
            error = 2 * (h @ W2 + b2 - y) / len(x)
            back = error @ W2.T  # without the slope of the sigmoid
            return [W1 - RATE * x.T @ back, b1 - RATE * back.sum(0),
                    W2 - RATE * h.T @ error, b2 - RATE * error.sum(0)]
        """,
    )
    target = ("step.py:step", "--data", "data.npz")
    result = call(*target)
    assert result.exit_code == 2
    assert "needs --model" in result.stderr
    options = ("--model", "model.py:build", "--parameters", "step.py:parameters", "--rate", "0.1")
    result = call(*target, *options)
    assert result.exit_code == 0, result.output
    assert "activation derivative of layer 1" in " ".join(result.output.split())


STEP = """
import numpy as np

def parameters():
    return [np.ones((2, 4)), np.zeros(4), np.ones((4, 1)), np.zeros(1)]

def broken():
    return 1 / 0

def lacking(p, x, y):
    return p["w"]

def endless(p, x, y):
    return endless(p, x, y)

def same(p, x, y):
    return p
"""


@pytest.mark.parametrize(
    ("step", "parameters", "code", "says"),
    [
        ("lacking", "parameters", 2, "Error: the step raised TypeError: list indices must be"),
        ("endless", "parameters", 2, "Error: the step raised RecursionError: maximum recursion"),
        ("same", "broken", 2, "Error: step.py:broken raised ZeroDivisionError: division by zero"),
        ("same", "parameters", 0, ""),  # whose update is 0, at a rate that overflows
    ],
)
def test_what_a_numpy_step_raises_is_told_in_a_line(folder, step, parameters, code, says):
    write(folder, "model.py", MODEL)
    write(folder, "step.py", STEP)
    named = ("--model", "model.py:build", "--parameters", f"step.py:{parameters}")
    result = call(f"step.py:{step}", "--data", "data.npz", *named, "--rate", "1e308")
    assert result.exit_code == code, result.output
    assert result.stderr.startswith(says)
    assert result.stderr.count("\n") == bool(code)


@pytest.mark.long
def test_a_network_is_diagnosed_and_the_report_saved(folder):
    write(folder, "model.py", MODEL)
    result = call(
        "model.py:build",
        "--data",
        "data.npz",
        "--epochs",
        2,
        "--seeds",
        2,
        "--budget",
        5,
        "--out",
        folder / "report",
    )
    assert result.exit_code == 0, result.output
    assert "Report, tables and figures" in " ".join(result.output.split())
    assert "as it is" in result.stderr  # progress
    assert (folder / "report" / "changes.csv").exists()
