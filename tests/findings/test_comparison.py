"""Tables against tables, number by number, on cases that can be checked by hand."""

import math

import pandas as pd
import pytest

from repro.findings.comparison import changed_verdicts, compare, tolerances, with_runs


def table(**columns):
    return pd.DataFrame({"variant": ["a", "a", "b"], "seed": [0, 1, 0], **columns})


def cells(comparison):
    columns = ["variant", "seed", "metric", "committed", "now"]
    return [tuple(row) for row in comparison.cells[columns].to_numpy()]


def test_equal_tables_are_equal_in_any_order_and_any_type():
    before = table(loss=[1.0, math.nan, math.inf], learned=[1, 0, 1], status=["ok", "ok", None])
    after = before.astype({"learned": float})[::-1]
    compared = compare(before, after, {})
    assert compared.runs == compared.equal_runs == 3
    assert compared.cells.empty
    assert (compared.metrics.equal == 3).all()
    assert compared.metrics.largest.isna().all()


def test_one_bit_is_a_difference_within_any_tolerance():
    before = table(loss=[1.0, 2.0, 3.0])
    after = table(loss=[1.0, math.nextafter(2.0, 3.0), 3.0])
    compared = compare(before, after, {"loss": 0.0})
    assert cells(compared) == [("a", 1, "loss", 2.0, math.nextafter(2.0, 3.0))]
    assert compared.equal_runs == 2
    (metric,) = compared.metrics.to_dict("records")
    assert (metric["equal"], metric["agree"]) == (2, 3)
    assert metric["largest"] == math.nextafter(2.0, 3.0) - 2.0


@pytest.mark.parametrize("axis", ["epoch", "step"])
def test_curves_against_none_at_all_differ_in_every_point(axis):
    """As where all workers were killed: no run said what its curve counts."""
    before = pd.concat([table(loss=[1.0, 2.0, 3.0]).assign(**{axis: point}) for point in (1, 2)])
    nothing = pd.DataFrame(columns=["variant", "seed", "epoch"])
    for tables in ((before, nothing), (nothing, before)):
        compared = compare(*tables, {})
        assert (compared.runs, compared.equal_runs, compared.disagreeing) == (3, 0, 6)


def test_minus_zero_is_not_zero_to_the_bit():
    assert len(compare(table(x=[0.0] * 3), table(x=[0.0, 0.0, -0.0]), {}).cells) == 1


def test_the_tolerance_divides_near_from_far_and_the_largest_comes_first():
    before, after = table(loss=[1.0, 1.0, 1.0]), table(loss=[1.05, 1.2, 1.0])
    compared = compare(before, after, {"loss": 0.1})
    (metric,) = compared.metrics.to_dict("records")
    assert (metric["compared"], metric["equal"], metric["agree"]) == (3, 1, 2)
    assert [cell[1] for cell in cells(compared)] == [1, 0]
    assert compared.cells.relative.to_list() == [(1.2 - 1.0) / 1.2, (1.05 - 1.0) / 1.05]


def test_a_number_against_none_and_text_against_text_differ_beyond_all_tolerance():
    before = table(loss=[1.0, 2.0, math.inf], status=["ok", "ok", "ok"])
    after = table(loss=[1.0, math.nan, 5.0], status=["ok", "diverged", "ok"])
    compared = compare(before, after, {"loss": 1e9})
    assert sorted(cell[1:3] for cell in cells(compared)) == [
        (0, "loss"),
        (1, "loss"),
        (1, "status"),
    ]
    assert compared.metrics.agree.to_list() == [1, 2]
    assert (compared.cells.relative == math.inf).all()


def test_a_run_that_only_one_table_has_is_named():
    before = table(loss=[1.0, 2.0, 3.0])
    compared = compare(before.head(2), before.tail(2), {})
    assert sorted(cells(compared)) == [
        ("a", 0, "row", "there", "missing"),
        ("b", 0, "row", "missing", "there"),
    ]
    assert (compared.runs, compared.equal_runs) == (3, 1)


def test_a_column_that_one_table_lacks_is_empty_there():
    before, after = table(loss=[1.0, 2.0, 3.0], rate=[5, 5, 5]), table(loss=[1.0, 2.0, 3.0])
    for one, other in ((before, after), (after, before)):
        compared = compare(one, other, {})
        assert (compared.equal_runs, compared.disagreeing) == (0, 3)
        assert set(compared.cells.metric) == {"rate"}
    assert compare(after.assign(rate=math.nan), after, {}).cells.empty


def test_curves_are_compared_point_by_point():
    before = pd.DataFrame({"variant": "a", "seed": 0, "epoch": [1, 2], "loss": [1.0, 0.5]})
    compared = compare(before, before.assign(loss=[1.0, 0.4]), {})
    assert compared.runs == 1
    assert compared.cells.point.to_list() == [2]


def test_the_tolerance_is_a_hundredth_of_the_middle_half():
    runs = table(loss=[0.0, 1.0, 2.0], rate=[0, 0, 1], lost=[math.nan] * 3, status=["ok"] * 3)
    assert tolerances(runs) == {"loss": 0.01, "rate": 0.005, "lost": 0.0}


def test_rerun_runs_take_the_place_of_committed_ones():
    before, now = table(loss=[1.0, 2.0, 3.0]), table(loss=[9.0, 8.0, 7.0]).tail(1)
    merged = with_runs(before, now).sort_values(["variant", "seed"])
    assert merged.loss.to_list() == [1.0, 2.0, 7.0]
    assert merged.seed.to_list() == [0, 1, 0]


def test_other_verdicts_are_named_and_so_are_claims_of_one_table_only():
    before = pd.DataFrame({"claim": ["x", "y", "z"], "verdict": ["holds", "refuted", math.nan]})
    after = pd.DataFrame({"claim": ["y", "x", "w"], "verdict": ["holds", "holds", "refuted"]})
    assert changed_verdicts(before, after).to_dict("records") == [
        {"claim": "w", "committed": "", "now": "refuted"},
        {"claim": "y", "committed": "refuted", "now": "holds"},
    ]
