"""`python -m repro check`, as a user calls it."""

import textwrap

import pytest
from click.testing import CliRunner

from repro.app.cli.main import main

MODEL = """
import asyncio
import keras

def good():
    model = keras.Sequential([keras.layers.Dense(8, "relu"), keras.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy")
    return model

def bad():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, "softmax")])
    model.compile("adam", "binary_crossentropy")
    return model

def ending():
    raise SystemExit(0)

def cancelled():
    raise asyncio.CancelledError("it took too long")

class Untold(Exception):
    def __str__(self):
        return 1 / 0

def untold():
    raise Untold

def uncompiled():
    return keras.Sequential([keras.layers.Dense(1)])
"""


@pytest.mark.parametrize(
    ("name", "status", "says"),
    [
        ("good", 0, "Nothing is written wrong that can be told without data."),
        ("good", 0, "The model names no input shape; (8,) was assumed."),
        ("bad", 1, "softmax over one unit is always 1"),
        ("uncompiled", 2, "isn't compiled; call model.compile"),
        ("missing", 2, "has no 'missing'"),
        ("ending", 2, "ended the program (SystemExit: 0)"),
        ("untold", 2, "build() raised Untold: "),
        ("cancelled", 2, "raised CancelledError: it took too long"),
    ],
)
def test_what_is_written_wrong_is_named_without_data(tmp_path, name, status, says):
    (tmp_path / "model.py").write_text(textwrap.dedent(MODEL), encoding="utf-8")
    result = CliRunner().invoke(main, ["check", f"{tmp_path / 'model.py'}:{name}"])
    assert result.exit_code == status, result.output
    assert says in result.output
