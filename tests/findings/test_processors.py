"""Numbers that readers see are the same bytes on every processor.

Processors add as many numbers at once as they can, so that sums end in other bits. numpy and
OpenBLAS can be told to do as an old one does. Slow: of all studies, and figures and report too.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy._core import _multiarray_umath as features

from repro.explore.tables import _short as short
from repro.findings.latex import tex
from repro.findings.numbers import number, percent
from repro.findings.statistics import mean, plain_mean
from repro.store.tables import write_claims

ROOT = Path(__file__).parents[2]
FASTER = [name for name in features.__cpu_dispatch__ if features.__cpu_features__[name]]
OLD = {"NPY_DISABLE_CPU_FEATURES": " ".join(FASTER), "OPENBLAS_CORETYPE": "Nehalem"}


def below_and_above(value):
    return (np.nextafter(value, -np.inf), value, np.nextafter(value, np.inf))


@pytest.mark.parametrize("value", [0.12345, 0.94005, 2.5e-05, -0.61725, 0.5])
@pytest.mark.parametrize(
    "show",
    [number, percent, lambda v: percent(v, 3), tex.number, lambda v: tex.number(v, 4), short],
)
def test_the_last_bit_of_a_number_is_not_shown(value, show):
    assert len({show(near) for near in below_and_above(value)}) == 1


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=50), st.randoms())
def test_the_order_in_which_numbers_are_added_does_not_matter(values, random):
    mixed = random.sample(values, len(values))
    assert mean(values) == mean(mixed) == plain_mean([*mixed, np.nan])


def test_a_mean_of_what_there_is():
    assert plain_mean([1.0, np.nan, 2.0]) == 1.5
    assert plain_mean([1.0, np.inf]) == np.inf
    assert np.isnan(plain_mean([np.inf, -np.inf]))
    assert np.isnan(plain_mean([np.nan]))


def test_claims_are_written_to_the_digits_that_processors_share(tmp_path):
    numbers = [-6.0759366441522605e-09, 0.9364249999999999, 1 / 3]
    columns = zip(*map(below_and_above, numbers), strict=True)
    tables = [pd.DataFrame({"estimate": column, "bound": 1 / 3}) for column in columns]
    assert len({write_claims(table, tmp_path) for table in tables}) == 1
    written = pd.read_csv(tmp_path / "claims.csv", dtype=str)
    assert written.estimate.tolist() == ["-6.07593664e-09", "0.936425", "0.333333333"]
    assert set(written.bound.astype(float)) == {1 / 3}


def remade(folder, command, environment, studies="*"):
    """Judge the committed tables, and make something of them, in a folder; return what is there."""
    shown = ("*.svg", "*.png") if command == "explore" else ()
    for name in ("*.csv", "provenance.json", *shown):
        for path in (ROOT / "results").glob(f"{studies}/{name}"):
            target = folder / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    program = [sys.executable, "-c", "from repro.app.cli.main import main; main()"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    for words in (["verdicts"], [command]):
        subprocess.run([*program, *words], cwd=folder, env=environment, check=True, timeout=900)
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.skipif(not FASTER, reason="this processor has nothing that can be switched off")
@pytest.mark.parametrize(
    ("command", "studies"),
    [
        pytest.param("ledger", "four_layers", marks=pytest.mark.long),
        *(
            pytest.param(command, "*", marks=pytest.mark.slow)
            for command in ("ledger", "figures", "report", "explore")
        ),
    ],
)
def test_an_old_processor_makes_the_same_files(command, studies, tmp_path):
    ours, old = (
        remade(tmp_path / name, command, environment, studies)
        for name, environment in (("ours", {}), ("old", OLD))
    )
    assert ours.keys() == old.keys()
    assert [name for name in ours if ours[name] != old[name]] == []
