"""Options: any text is understood or refused in a line, never a traceback."""

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from repro.app.cli.main import main
from repro.app.cli.options import DATA_SETS, Names, SeedsType
from repro.data import NAMES
from repro.study.errors import StudyError
from repro.study.models import MAX_SEEDS
from repro.study.plan import make_plan
from repro.study.schema import load_study

STUDY = load_study("truth_table")
digits = st.text("0123456789:-+ _,.e٣", max_size=14)


@given(first=st.integers(0, 10**6), count=st.integers(1, 1000))
def test_a_range_names_its_seeds(first, count):
    expected = tuple(range(first, first + count))
    assert SeedsType().convert(f"{first}:{first + count}", None, None) == expected
    assert SeedsType().convert(str(count), None, None) == tuple(range(count))


@given(text=digits | st.text(max_size=30))
def test_any_seeds_are_understood_or_refused(text):
    try:
        seeds = SeedsType().convert(text, None, None)
    except click.BadParameter as refusal:
        assert repr(text) in refusal.message
    else:
        assert 1 <= len(seeds) <= MAX_SEEDS
        assert seeds == tuple(range(seeds[0], seeds[0] + len(seeds)))
        assert 0 <= seeds[0] <= seeds[-1] < 2**32


def test_the_data_sets_that_can_be_named_are_all_that_there_are():
    assert DATA_SETS == NAMES


@given(data=st.data())
def test_names_of_variants_come_back(data):
    chosen = data.draw(
        st.lists(st.sampled_from(list(STUDY.all_variants)), min_size=1, max_size=4, unique=True)
    )
    names = Names().convert(",".join(chosen), None, None)
    assert list(names) == chosen
    assert set(make_plan(STUDY, seeds=[0], variants=names).seeds) == set(chosen)


@given(text=st.text(max_size=30))
def test_any_names_are_understood_or_refused(text):
    try:
        make_plan(STUDY, seeds=[0], variants=Names().convert(text, None, None))
    except (click.BadParameter, StudyError) as refusal:
        assert "name" in str(getattr(refusal, "message", refusal))


MANY = ["cite", "export", "figures", "ledger", "lint", "report", "run", "verdicts", "verify"]


@pytest.mark.parametrize("command", MANY)
def test_what_is_named_twice_is_refused_not_done_twice(command):
    options = ["--latex", "x"] if command == "export" else []
    done = CliRunner().invoke(main, [command, *options, *["truth_table"] * 2000])
    assert done.exit_code == 2
    assert done.stderr.endswith("'truth_table' is named twice\n")


@pytest.mark.parametrize("option", ["--budget", "--rate"])
@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e999"])
def test_what_is_no_number_is_refused_before_any_work(option, number):
    """Though no bound is below or above nan."""
    done = CliRunner().invoke(main, ["diagnose", "m.py:build", "--data", "d.npz", option, number])
    assert done.exit_code == 2
    assert f"Invalid value for '{option}'" in done.stderr
