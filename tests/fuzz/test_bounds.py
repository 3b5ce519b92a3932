"""Bounds are checked before any work: what is too much is named at once, and not begun."""

import zipfile

import click
import numpy as np
import pytest

from repro.app.cli.options import EPOCHS
from repro.instruments.diagnose.setup import loading
from repro.instruments.diagnose.setup.errors import DiagnoseError
from repro.study.errors import StudyError
from repro.study.folder import studies_folder
from repro.study.plan import make_plan
from repro.study.schema import load_study, read_study
from repro.study.sweep import sweep_study

STUDY = "truth_table"
TEXT = (studies_folder() / f"{STUDY}.toml").read_text(encoding="utf-8")


def with_grid(*vary):
    return TEXT + "\n[grids.mine]\n[grids.mine.vary]\n" + "\n".join(vary)


def wide(count):
    return f"learning_rate = [{', '.join(str(0.001 + i / 1e6) for i in range(count))}]"


MECHANISM = 'group = "mechanism"'
MANY = (f"{key} = {list(range(1, 10_001))}" for key in ("iterations", "bias", "leaky_slope"))
SEEDS, DIGITS = "seeds = 1000", "0" * 5000
TOO_MUCH = {
    "a million cells": (
        with_grid(wide(1000), f"iterations = {list(range(1, 1001))}"),
        "variants are too many",
    ),
    "10^12 cells": (with_grid(*MANY), "variants are too many"),
    "5,000 digits": (TEXT.replace(SEEDS, f"seeds = 1{DIGITS}", 1), "not a TOML file"),
    "40 digits": (TEXT.replace(SEEDS, f"seeds = 1{DIGITS[:39]}", 1), "seeds: "),
    "too many bytes": (TEXT + "#" * 2**20, "has more than 1,048,576 bytes"),
    "a value twice": (with_grid("learning_rate = [0.5, 0.5]"), "write each value once"),
    "also as a fraction": (with_grid('learning_rate = ["1/2", 0.5]'), "write each value once"),
    "a whole number beyond any": (
        with_grid("iterations = [1, 10_000_000_000]"),
        "is beyond 1,000,000,000",
    ),
    "a cell as a variant": (
        f'{TEXT}\n[variants."mine@bias=true"]\nlabel = "x"\n{MECHANISM}\n',
        "is no name",
    ),
    "a variant outside": (
        f'{TEXT}\n[variants."../../x"]\nlabel = "x"\n{MECHANISM}\n',
        "is no name",
    ),
    "a text that turns lines round": (
        f'{TEXT}\n[variants.x]\nlabel = "a\\u202eb"\n{MECHANISM}\n',
        "control",
    ),
    "seeds seen without end": (
        TEXT.replace("test = ", 'fixed_after = "0:999999999"\ntest = ', 1),
        "too many",
    ),
}


@pytest.mark.parametrize("case", TOO_MUCH)
def test_a_study_that_is_too_much_is_refused_with_the_reason(tmp_path, case):
    text, reason = TOO_MUCH[case]
    assert text != TEXT
    path = tmp_path / f"{STUDY}.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises((StudyError, OSError)) as refusal:
        read_study(path)
    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    ("settings", "seeds", "reason"),
    [
        ([f"iterations={','.join(map(str, range(1, 5002)))}"], 1, "combinations are too many"),
        (["iterations=1,2"], 100_000, "200,000 runs are too many"),
        (["iterations=1,1" + "0" * 30], 1, "is beyond 1,000,000,000"),
    ],
)
def test_a_sweep_that_is_too_much_is_refused(settings, seeds, reason):
    with pytest.raises(StudyError, match=reason):
        sweep_study(STUDY, settings, seeds)


@pytest.mark.parametrize("epochs", [0, -1, 1_000_001, 10**30])
def test_no_command_takes_more_epochs_than_there_may_be(epochs):
    assert EPOCHS.convert(1_000_000, None, None) == 1_000_000
    with pytest.raises(click.BadParameter, match="1<=x<=1000000"):
        EPOCHS.convert(epochs, None, None)


def test_a_plan_that_is_too_much_is_refused_before_it_is_laid_out():
    with pytest.raises(StudyError, match="runs are too many; at most 500,000"):
        make_plan(load_study(STUDY), seeds=range(100_000))


def zeros(path, name, size):
    """Add an array of zeros to an archive, which packs it to a thousandth."""
    header = {"descr": "|u1", "fortran_order": False, "shape": (size,)}
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open(f"{name}.npy", "w", force_zip64=True) as member,
    ):
        np.lib.format.write_array_header_1_0(member, header)
        member.write(bytes(size))


def test_a_bomb_of_zeros_is_refused_before_it_goes_off(tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "MAX_BYTES", 2**20)
    for name in ("x", "y"):
        zeros(tmp_path / "bomb.npz", name, 2**20)
    monkeypatch.setattr(np, "load", lambda *_, **__: pytest.fail("it was unpacked"))
    with pytest.raises(DiagnoseError, match="unpacks to"):
        loading.load_data(str(tmp_path / "bomb.npz"))


def test_what_is_not_asked_for_is_not_unpacked(tmp_path):
    np.savez(tmp_path / "data.npz", x=np.zeros((4, 2)), y=np.zeros(4), other=np.array([{}]))
    assert set(loading.load_data(str(tmp_path / "data.npz"))) == {"x", "y"}
