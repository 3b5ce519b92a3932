"""What is run, in which order, and what makes two runs the same run."""

import pytest

from repro.study.code.meaning import Meaning
from repro.study.errors import StudyError
from repro.study.experiments import COMPUTE, PACKAGE
from repro.study.identity import block_settings, fingerprint, run_identities
from repro.study.plan import make_plan
from repro.study.schema import load_study
from repro.study.seeds import in_blocks

STUDY = load_study("mnist_relu")


def identity(**changes):
    settings = {"code": "c", "parameters": {"epochs": 1, "rate": 0.1}, "seeds": (0, 1), "data": "d"}
    return run_identities(block_settings(**(settings | changes)))[1]


@pytest.mark.parametrize(
    "change",
    [
        {"code": "x"},
        {"parameters": {"epochs": 1, "rate": 0.2}},
        {"parameters": {"epochs": 1}},
        {"seeds": (0, 2)},
        {"seeds": (2, 1)},
        {"data": "x"},
    ],
)
def test_whatever_determines_a_run_changes_its_identity(change):
    assert identity(**change) != identity()


def test_what_a_study_and_its_variants_are_called_does_not():
    study = STUDY.model_copy(
        update={"variants": {"other": STUDY.variants["relu_raw"]}, "grids": {}}
    )
    plan = make_plan(STUDY, seeds=range(4), variants=["relu_raw"])
    assert make_plan(study, seeds=range(4)).identities == plan.identities


def test_the_order_of_parameters_does_not():
    assert identity(parameters={"rate": 0.1, "epochs": 1}) == identity()


@pytest.mark.parametrize("flag", ["TF_ENABLE_ONEDNN_OPTS", "ONEDNN_MAX_CPU_ISA", "NUMBA_CPU_NAME"])
def test_a_flag_that_changes_how_is_computed_does(flag, monkeypatch):
    before = identity()
    monkeypatch.setenv(flag, "0")
    fingerprint.cache_clear()
    try:
        assert identity() != before
    finally:
        fingerprint.cache_clear()


def test_rounds_show_every_variant_early():
    study = STUDY.model_copy(update={"block": 10})
    plan = make_plan(study, seeds=range(25), variants=["relu_raw", "sigmoid_raw"])
    assert [(b.variant, b.seeds[0], len(b.seeds)) for b in plan.blocks] == [
        ("sigmoid_raw", 0, 10),
        ("relu_raw", 0, 10),
        ("sigmoid_raw", 10, 10),
        ("relu_raw", 10, 10),
        ("sigmoid_raw", 20, 5),
        ("relu_raw", 20, 5),
    ]
    assert len(set(plan.identities)) == 50


def test_a_variant_with_fewer_seeds_keeps_them_few():
    cell = "scale_by_rate@input_scale=1/4,learning_rate=0.1"
    plan = make_plan(STUDY, variants=[cell, "relu_raw"])
    assert {name: len(seeds) for name, seeds in plan.seeds.items()} == {
        "relu_raw": len(STUDY.seeds_of("relu_raw")),
        cell: 3,
    }
    assert plan.parameters[cell]["input_scale"] == 0.25


def test_seeds_that_are_added_behind_a_gap_leave_the_blocks_that_were():
    before, after = (
        STUDY.model_copy(
            update={
                "variants": {"it": STUDY.variants["relu_raw"].model_copy(update={"seeds": own})}
            }
            | {"grids": {}, "block": 10}
        )
        for own in (12, "0:12 30:42")
    )
    blocks = [make_plan(study).blocks for study in (before, after)]
    assert [block.seeds for block in blocks[1]] == [
        tuple(range(10)),
        (10, 11),
        tuple(range(30, 40)),
        (40, 41),
    ]
    identities = [{name for block in some for name in block.identities} for some in blocks]
    assert identities[0] < identities[1]
    assert after.seeds_of("it")[-1] == 41
    assert len(make_plan(after, seeds=range(100)).identities) == 24  # as many as it has


@pytest.mark.parametrize(
    ("seeds", "size", "lengths"),
    [
        ([*range(10)], 3, [3, 3, 2, 2]),
        ([*range(4)], 3, [2, 2]),
        ([*range(12), *range(30, 37)], 3, [3, 3, 3, 3, 3, 2, 2]),
        ([*range(21)], 10, [10, 9, 2]),
        ([5], 3, [1]),
        ([*range(3)], 2, [2, 1]),
        ([*range(3)], 1, [1, 1, 1]),
        ([], 3, []),
    ],
)
def test_no_seed_is_left_alone_where_another_can_keep_it_company(seeds, size, lengths):
    blocks = [*in_blocks(seeds, size)]
    assert [len(block) for block in blocks] == lengths
    assert [seed for block in blocks for seed in block] == seeds


def test_an_override_reaches_every_variant():
    plan = make_plan(STUDY, override={"epochs": 1})
    assert {p["epochs"] for p in plan.parameters.values()} == {1}


def test_an_unknown_variant_is_named():
    with pytest.raises(StudyError, match="no variant of mnist_relu is named 'rleu'"):
        make_plan(STUDY, variants=["rleu"])


def test_the_code_of_mnist_relu_includes_the_engine():
    numbers = Meaning(["repro.mnist_relu:experiment", COMPUTE], PACKAGE).numbers
    reached = {(module, name) for module, name, _ in numbers}
    assert {
        ("repro.training.fused", "FusedSeeds"),
        ("repro.mnist_relu.unit_activity", "UnitActivity"),
        ("repro.study.records", "records"),
    } <= reached
    assert not {module for module, _ in reached} & {"repro.training.quiet", "repro.data"}
