"""Tables come back as they were written, and are safe to open in a spreadsheet."""

import csv

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.store.tables import read_table, runs_table, write_table
from repro.study.plan import make_plan
from repro.study.schema import load_study
from repro.study.text import controls

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1", "''-", "=cmd|' /C calc'!A0"]
HARMLESS = ["", "'", "'quoted'", "a=b", "1-2", "使用relu", 'say "no", twice']


@pytest.mark.parametrize("text", [*FORMULAS, *HARMLESS])
def test_a_text_comes_back_as_it_was(text, tmp_path):
    table = pd.DataFrame({"says": [text, "other"], "n": [1, 2]})
    write_table(table, tmp_path / "t.csv")
    assert read_table(tmp_path / "t.csv").says.fillna("").tolist() == [text, "other"]


SHOWN = st.characters().filter(lambda character: not list(controls(character)))


@given(text=st.text(SHOWN | st.sampled_from("\n\t,'\"=")))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_of_a_study_comes_back_as_it_was(text, tmp_path):
    test_a_text_comes_back_as_it_was(text, tmp_path)


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_with_text_starts_a_formula(text, tmp_path):
    write_table(pd.DataFrame({"says": [text], "n": [1]}), tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        (_, (cell, _)) = csv.reader(file)
    assert cell == f"'{text}"


def test_negative_numbers_stay_numbers(tmp_path):
    table = pd.DataFrame({"x": [-1.5, 0.1 + 0.2, -np.inf, np.nan], "n": [-3, 0, 1, 2]})
    write_table(table, tmp_path / "t.csv")
    assert "-1.5,-3\n" in (tmp_path / "t.csv").read_text()
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "t.csv"), table)
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.csv"), table)


def test_texts_among_numbers_are_guarded_and_the_numbers_are_not(tmp_path):
    table = pd.DataFrame({"rate": [-0.5, "-0.5 0.1", None]}, dtype=object)
    write_table(table, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == 'rate\n-0.5\n\'-0.5 0.1\n""\n'


def test_words_stay_words_where_all_of_them_look_like_something_else(tmp_path):
    table = pd.DataFrame({"rule": ["true", "true"], "bias": [True, True], "loss": [1, 2]})
    write_table(table, tmp_path / "t.csv")
    assert read_table(tmp_path / "t.csv").rule.to_list() == [True, True]
    read = read_table(tmp_path / "t.csv", text=["rule", "not_there"])
    assert read.rule.to_list() == ["true", "true"]
    assert read.bias.to_list() == [True, True]
    assert read.loss.to_list() == [1, 2]


def test_a_parameter_that_a_network_has_not_stays_empty(tmp_path):
    study = load_study("relu_at_zero")
    names = ["float64_one", next(name for name in study.all_variants if name.startswith("wide"))]
    table = runs_table(make_plan(study, seeds=[0], variants=names), {})
    write_table(table, tmp_path / "runs.csv")
    read = pd.read_csv(tmp_path / "runs.csv", dtype=str, keep_default_na=False)
    assert list(read["network"]) == ["snippet", "mnist_mlp"]
    assert read["hidden_units"][0] == read["steps"][1] == ""
    assert read["hidden_units"][1].isdigit()
    assert read["steps"][0].isdigit()
