"""The time left is that of the blocks that are left, by what such blocks have cost."""

import pytest

from repro.app.terminal.pace import Pace, rough
from repro.store.provenance import read_provenance
from repro.store.results import EarlierCosts, earlier_costs
from repro.store.runs import StoredRun
from repro.study.folder import RESULTS
from repro.study.plan import make_plan
from repro.study.schema import load_study

VARIANTS = ("relu_posted", "sigmoid_posted")


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def plan():
    study = load_study("truth_table")
    study = study.model_copy(update={"block": 10})
    return make_plan(study, seeds=range(20), variants=VARIANTS)


def runs_of(block, seconds):
    return {
        identity: StoredRun(identity, block.variant, seed, {}, [], seconds)
        for identity, seed in zip(block.identities, block.seeds, strict=True)
    }


def test_nothing_is_known_before_a_block_is_done(plan):
    pace = Pace(plan, Clock())
    pace.start(plan.blocks[0])
    assert pace.left() is None
    assert pace.until_stopped() is None


def test_each_variant_is_weighted_by_its_own_cost(plan):
    pace = Pace(plan, Clock())
    cheap, dear, *rest = plan.blocks
    pace.finish(cheap, runs_of(cheap, 1.0))
    assert pace.left() == 3 * 10 * 1.0  # the dear variant's cost is not known yet
    pace.finish(dear, runs_of(dear, 5.0))
    assert {block.variant for block in rest} == {cheap.variant, dear.variant}
    assert pace.left() == 10 * 1.0 + 10 * 5.0


def test_what_was_stored_before_counts_as_done_and_tells_the_cost(plan):
    pace = Pace(plan, Clock())
    for block in plan.blocks[:3]:
        pace.finish(block, runs_of(block, 2.0))
    assert pace.left() == 10 * 2.0


def test_blocks_side_by_side_share_the_time_and_it_passes(plan):
    clock = Clock()
    pace = Pace(plan, clock)
    first, second, third, _ = plan.blocks
    pace.finish(first, runs_of(first, 1.0))
    for block in (second, third):
        pace.start(block)
    assert pace.left() == 3 * 10 / 2
    clock.now = 4.0
    assert pace.until_stopped() == 6.0
    assert pace.left() == (6 + 6 + 10) / 2
    pace.finish(second, runs_of(second, 1.0))  # the next one is about to begin
    assert pace.left() == (6 + 10) / 2


def test_a_last_block_that_takes_longer_than_any_before_is_not_about_to_end(plan):
    clock = Clock()
    pace = Pace(plan, clock)
    *before, last = plan.blocks
    for block in before:
        pace.finish(block, runs_of(block, 1.0))
    pace.start(last)
    clock.now = 9.0
    assert pace.left() == pace.until_stopped() == 1.0
    clock.now = 300.0
    assert pace.left() is None
    assert pace.until_stopped() is None
    assert pace.longest == 300.0


def test_what_waits_costs_no_less_than_its_like_in_flight_has_taken(plan):
    clock = Clock()
    pace = Pace(plan, clock)
    cheap, dear, *rest = plan.blocks
    pace.finish(cheap, runs_of(cheap, 1.0))
    pace.start(dear)
    clock.now = 80.0
    assert [block.variant for block in rest].count(dear.variant) == 1
    assert pace.left() == 80.0 + 10.0


def test_what_earlier_results_tell_weighs_a_variant_that_has_no_run_yet(plan):
    earlier = {VARIANTS[0]: 0.5, VARIANTS[1]: 4.0}
    pace = Pace(plan, Clock(), EarlierCosts(earlier))
    first, second, *_ = plan.blocks
    assert {first.variant, second.variant} == set(VARIANTS)
    pace.start(first)
    assert pace.until_stopped() is None  # how fast this machine is, nobody knows yet
    pace.finish(first, runs_of(first, 2 * earlier[first.variant]))
    pace.start(second)
    assert pace.until_stopped() == pytest.approx(10 * 2 * earlier[second.variant])


def test_before_a_block_is_done_earlier_results_on_the_same_data_tell_what_is_in_flight(plan):
    clock = Clock()
    pace = Pace(plan, clock, EarlierCosts({VARIANTS[0]: 0.5, VARIANTS[1]: 4.0}, on_same_data=True))
    for block in plan.blocks[:2]:
        pace.start(block)
    clock.now = 3.0
    assert pace.until_stopped() == 10 * 4.0 - 3.0
    assert not pace.is_known
    assert pace.left() is None  # for the bar they are too old, or of another machine
    clock.now = 50.0
    assert pace.until_stopped() is None


def test_a_variant_that_earlier_results_lack_is_not_guessed_at(plan):
    pace = Pace(plan, Clock(), EarlierCosts({VARIANTS[0]: 0.5}, on_same_data=True))
    for block in plan.blocks[:2]:
        pace.start(block)
    assert pace.until_stopped() is None


def test_earlier_costs_are_of_the_plans_epochs_and_know_their_data():
    study = load_study("mnist_relu")
    recorded = read_provenance(RESULTS / "mnist_relu")
    asked = {"data": recorded.data, "data_digest": recorded.data_digest}
    plan = make_plan(study, variants=["relu_raw"], override={"epochs": 5}, **asked)
    of_15 = recorded.seconds_per_run["relu_raw"]
    costs = earlier_costs(plan)
    assert recorded.settings.of_variant("relu_raw")["epochs"] == 15
    assert costs.seconds == {"relu_raw": pytest.approx(of_15 / 3)}
    assert costs.on_same_data
    assert not earlier_costs(make_plan(study, data="mnist5k", data_digest="0")).on_same_data


def test_where_there_are_no_results_nothing_is_known(plan, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert earlier_costs(plan) == EarlierCosts()


def test_a_crashed_block_is_not_waited_for(plan):
    pace = Pace(plan, Clock())
    first, *rest = plan.blocks
    pace.finish(first, runs_of(first, 1.0))
    for block in rest:
        pace.finish(block)
    assert pace.left() == 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (59, "59 s"), (61, "1 min"), (1500, "25 min"), (4800, "1 h 20 min")],
)
def test_times_are_said_roughly(seconds, words):
    assert rough(seconds) == words
