"""What a diagnosis says agrees with its numbers, over a wide set of symptoms and gains."""

import itertools
import re
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

from repro.instruments.diagnose.changes.change import NOTHING, Change, combine
from repro.instruments.diagnose.changes.code import weighed_code
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.proof.judge import Proof, are_apart, gain, judge
from repro.instruments.diagnose.proof.prove import Suspects, Trials, _worth_trying
from repro.instruments.diagnose.proof.train import Trained
from repro.instruments.diagnose.proof.usual import needed_changes
from repro.instruments.diagnose.report.diagnosis import Diagnosis
from repro.instruments.diagnose.setup.outputs import Joint
from repro.instruments.diagnose.setup.setup import make_setup
from repro.instruments.diagnose.symptoms.causes import CAUSES, explain
from repro.instruments.diagnose.symptoms.definitions import DEFINITIONS, FAILURES
from repro.instruments.diagnose.symptoms.symptom import Symptom

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(600, 3))
Y = (X[:, 0] > 0).astype(int)
SEEDS = 0.01 * np.arange(-2, 3)
OWN = Change(key="own", title="its own remedy", size=1, code="own", removes=("input_scale",))
FACT = Change(key="fact", title="the fact's remedy", size=1, code="fact", removes=("output_loss",))
OTHER = Change(key="other", title="another change", size=1, code="other", removes=("narrow",))
HELP = Change(key="help", title="a help", size=1, code="help", treats=("input_scale",))
BOTH = combine(OWN, OTHER)
SIGNS = {
    "input_scale": ["input_scale"],
    "narrow": ["narrow"],
    "output_loss": ["loss_output"],
    "label_noise": ["label_noise"],
}
FATES = [[], ["stalls"], ["useless", "below_linear"], ["overfits"]]
GAINS = [
    {},
    {OWN: 0.9},
    {OWN: 0.9, OTHER: 0.9},
    {OWN: 0.9, OTHER: 0.2, HELP: 0.9},
    {OWN: 0.1, OTHER: 0.1, BOTH: 0.9},
    {HELP: 0.8},
    {OTHER: 0.85},
    {FACT: 0.9, OTHER: 0.9},
    {FACT: 0.1, OWN: 0.2},
    {OWN: 0.2},
    {OWN: 0.02},
]
CASES = list(itertools.product(SIGNS, FATES, GAINS, (0.0, 0.4, 0.8)))[::2]


@pytest.fixture(scope="module")
def setup():
    def build():
        model = keras.Sequential([layers.Dense(1, "sigmoid")])
        model.compile("sgd", "binary_crossentropy")
        return model

    return make_setup(build, X, Y, epochs=1, batch_size=32, seeds=range(5), budget=110)


def diagnosis_of(setup, causes, fates, gains, before):
    """A diagnosis of these symptoms, whose changes bring skills of before + gain."""
    symptoms = [
        Symptom(key, 1.0, f"{key} was measured") for key in (*causes, *fates) if key in DEFINITIONS
    ]
    original = Trained(change=NOTHING, test=np.clip(before + SEEDS, 0, 1), train=SEEDS)
    proof = Proof(original, baseline=0.8)
    results = [
        Trained(change=c, test=np.clip(before + g + SEEDS, 0, 1), train=SEEDS)
        for c, g in gains.items()
    ]
    judge(setup, proof, results)
    examination = Examination(
        inputs=None,
        relation=None,
        linear=0.8,
        layers=pd.DataFrame(),
        outputs=pd.DataFrame(),
        neighbours=0.7,
    )
    return Diagnosis(
        setup=setup,
        examination=examination,
        symptoms=symptoms,
        findings=explain(symptoms),
        proof=proof,
        seconds=1.0,
    )


@pytest.fixture(scope="module")
def told(setup):
    """Every case with its diagnosis and what that says."""
    diagnoses = [
        diagnosis_of(setup, SIGNS[cause], fates, gains, before)
        for cause, fates, gains, before in CASES
    ]
    return [(case, d, str(d)) for case, d in zip(CASES, diagnoses, strict=True)]


def test_a_proof_is_claimed_only_where_the_causes_own_remedy_recovers(told):
    for case, diagnosis, text in told:
        is_claimed = text.startswith("Cause: ")
        assert is_claimed == (diagnosis.verdict == "proven"), case
        if not is_claimed:
            continue
        singles = diagnosis.change.change.singles
        assert diagnosis.change.recovers
        assert diagnosis.change.skill >= diagnosis.proof.deserved
        assert any(diagnosis.cause in single.removes for single in singles)
        if CAUSES[diagnosis.cause].certain:
            continue
        others = [j for j in diagnosis.proof.judged if j.recovers and j.change.parts == 1]
        if len(singles) == 1:
            assert all(diagnosis.cause in j.change.helps_against for j in others), case


def test_an_output_that_others_drown_is_said_to_be_fine_alone(setup):
    joint = Joint("sex", 0.001, (0.1, 0.2), (0.8, 0.9), (0.01, 1.5))
    drowned = diagnosis_of(replace(setup, joint=joint), ("drowned",), (), {}, 0.9)
    assert (drowned.verdict, drowned.cause, drowned.change) == ("likely", "drowned", None)
    assert drowned.code == weighed_code(joint)
    text = str(drowned)
    assert text.startswith("Likely cause: another output's loss drowns this one's.")
    assert "0.15 → 0.85 over 2 seeds; alone it reaches 0.90" in text
    unsure = replace(joint, weighed=(0.05, 0.9))  # not from every seed
    assert diagnosis_of(replace(setup, joint=unsure), (), (), {}, 0.9).verdict == "fine"


def test_nothing_wrong_is_said_only_of_a_fit_that_does_not_fail(told):
    for case, diagnosis, text in told:
        if "Nothing wrong" in text:
            assert not set(case[1]) & set(FAILURES), case
            assert diagnosis.verdict == "fine"
            best = max((j.gained.mean for j in diagnosis.proof.judged if j.recovers), default=0)
            assert best <= 0.2 or case[3] + best <= 0.5, case
        elif "yet something is written wrong" in text:
            assert diagnosis.verdict == "fine"
            assert CAUSES[diagnosis.cause].certain
            assert not set(case[1]) & set(FAILURES), case
        else:
            assert diagnosis.verdict != "fine"


def test_numbers_in_the_text_are_those_of_the_trials(told):
    for case, diagnosis, text in told:
        original = diagnosis.proof.original.test.mean()
        found = re.search(r"[Ss]kill (\d\.\d\d) → (\d\.\d\d)", text)
        if found:
            after = diagnosis.smallest or next(j for j in diagnosis.proof.judged if j.helps)
            assert found.group(1) == f"{original:.2f}"
            assert found.group(2) == f"{after.skill:.2f}"
        else:
            assert f"Skill {original:.2f} on" in text, case
        gained = re.search(r"gain ([+-]\d\.\d\d)", text)
        if gained:
            assert gained.group(1) == f"{diagnosis.smallest.gained.mean:+.2f}"


def test_code_is_given_for_a_change_that_recovers_and_for_no_other(told):
    for _, diagnosis, text in told:
        assert bool(diagnosis.code) == bool(diagnosis.smallest)
        assert ("To paste:" in text) == bool(diagnosis.code)
        if diagnosis.smallest:
            assert diagnosis.smallest.recovers


def test_no_symptom_is_told_twice_and_no_word_contradicts_another(told):
    for case, _, text in told:
        for key in DEFINITIONS:
            assert text.count(f"{key} was measured") <= 1, (case, key)
        assert not ("no change that was tried recovers" in text and "recover as well" in text)
        assert not ("no change can be tried" in text and "To paste" in text)
        assert not ("Nothing wrong" in text and "What to do" in text)


def test_a_fine_fit_that_is_much_worse_on_other_rows_says_so(setup):
    symptoms = ["overfits"]
    diagnosis = diagnosis_of(setup, [], symptoms, {}, 0.4)
    assert diagnosis.verdict == "fine"
    assert "overfits was measured" in str(diagnosis).lower()


def test_all_texts_of_causes_and_symptoms_are_clauses():
    for key, cause in CAUSES.items():
        for text in (cause.title, cause.remedy):
            assert text[0].islower() or text.startswith(("ReLU", "x =")), key
            assert not text.endswith("."), key
        assert cause.says[0].isupper(), key
        assert set(cause.signs) <= set(DEFINITIONS), key
    signs = {sign for cause in CAUSES.values() for sign in cause.signs}
    fates = {"crash", "useless", "constant", "some_seeds"}  # of a training, with no cause named
    assert set(DEFINITIONS) - signs <= fates


def test_a_cause_that_no_symptom_points_at_is_named_by_the_change_that_recovers(setup):
    diagnosis = diagnosis_of(setup, ["input_scale"], ["stalls"], {OWN: 0.1, OTHER: 0.9}, 0.0)
    assert (diagnosis.cause, diagnosis.verdict) == ("narrow", "proven")
    diagnosis = diagnosis_of(setup, ["input_scale"], ["stalls"], {OWN: 0.1, BOTH: 0.9}, 0.0)
    assert (diagnosis.cause, diagnosis.attribution.also) == ("input_scale", ("narrow",))
    # what code or data would have shown, and haven't, is not named
    unseen = combine(OWN, FACT)
    diagnosis = diagnosis_of(setup, ["input_scale"], ["stalls"], {OWN: 0.1, unseen: 0.9}, 0.0)
    assert (diagnosis.attribution.also, diagnosis.verdict) == ((), "likely")


def test_what_gains_a_little_is_no_fault_where_nothing_points_at_it(setup):
    little = diagnosis_of(setup, [], [], {OTHER: 0.15}, 0.7)
    assert (little.verdict, little.cause, little.smallest.change) == ("fine", "", OTHER)
    assert diagnosis_of(setup, [], [], {OTHER: 0.5}, 0.4).verdict != "fine"
    assert diagnosis_of(setup, ["narrow"], [], {OTHER: 0.15}, 0.7).verdict == "proven"


def test_changes_of_which_not_each_was_tried_without_prove_nothing(setup):
    late = diagnosis_of(setup, ["input_scale"], ["stalls"], {OWN: 0.1, BOTH: 0.9}, 0.0)
    late.proof.is_pruned = False
    assert late.verdict == "likely"
    assert "not all may be needed" in str(late)
    assert diagnosis_of(setup, ["input_scale"], [], {OWN: 0.1, BOTH: 0.9}, 0.0).verdict == "proven"


def test_four_seeds_that_all_do_better_than_all_without_are_no_chance():
    few, low = np.array([0.75, 0.85, 0.9, 0.95]), np.array([0.0, 0.0, 0.0, 0.7])
    assert gain(few, low).low < 0  # the interval of four gains that differ is wide
    assert are_apart(few, low)
    assert not are_apart(few[:3], low[:3])
    assert not are_apart(few, np.array([0.0, 0.0, 0.0, 0.75]))


def test_what_is_not_needed_is_left_out_in_few_trials():
    changes = [Change(key=key, title=key, size=1) for key in "abcdefgh"]
    trials = []

    def is_enough(fewer):
        trials.append(fewer)
        return {"f", "g"} <= {change.key for change in fewer}

    assert [change.key for change in needed_changes(changes, is_enough)] == ["f", "g"]
    assert len(trials) < 8
    assert needed_changes(changes[:1], is_enough) == changes[:1]
    assert needed_changes(changes, lambda fewer: False) == changes


def test_where_nothing_else_was_tried_a_remedy_proves_nothing(setup):
    diagnosis = diagnosis_of(setup, SIGNS["input_scale"], ["stalls"], {OWN: 0.9}, 0.0)
    assert diagnosis.verdict == "proven"  # nothing else was there to try
    late = diagnosis_of(setup, SIGNS["input_scale"], ["stalls"], {OWN: 0.9}, 0.0)
    late.proof.untried.append(OTHER)
    assert late.verdict == "likely"
    assert "No time was left to try anything else" in str(late)
    fact = diagnosis_of(setup, SIGNS["output_loss"], ["stalls"], {FACT: 0.9}, 0.0)
    fact.proof.untried.append(OTHER)
    assert fact.verdict == "proven"


def test_what_does_nothing_alone_is_no_suspect_for_standing_beside_what_helps(setup):
    faster = Change(key="faster", title="a higher rate", size=1, removes=("rate_low",))
    longer = Change(key="longer", title="more epochs", size=1, removes=("epochs",))
    gains = {faster: 0.0, longer: 0.0, combine(OTHER, faster): 0.25}
    found = diagnosis_of(setup, [], ["stalls"], gains, 0.0)
    assert (found.verdict, found.cause) == ("not proven", "narrow")
    assert CAUSES["narrow"].title in str(found)


def test_several_changes_stand_for_what_was_not_seen_where_all_suspects_do_nothing_alone(setup):
    longer = Change(key="longer", title="more epochs", size=1, removes=("epochs",))
    faster = Change(key="faster", title="a higher rate", size=1, removes=("rate_low",))
    adam = Change(key="adam", title="Adam", size=1, treats=("rate_low",))
    several = combine(combine(longer, OTHER), adam)
    for alone, cause in ((0.0, "narrow"), (0.3, "epochs")):
        gains = {longer: alone, faster: 0.0, several: 0.9}
        found = diagnosis_of(setup, [], ["stalls"], gains, 0.0)
        found.proof.is_pruned = False
        assert found.cause == cause
        assert "without removing it" not in str(found)
        assert "A part of the change is a remedy of no cause that is named" in str(found)


def test_what_only_the_failure_points_at_is_no_suspect_once_its_remedy_fails(setup):
    faster = Change(key="faster", title="a higher rate", size=1, removes=("rate_low",))
    longer = Change(key="longer", title="more epochs", size=1, removes=("epochs",))
    refuted = diagnosis_of(setup, [], ["stalls"], {faster: 0.0, longer: 0.0}, 0.0)
    assert refuted.cause == ""
    assert "no cause was found, and no change that was tried recovers" in str(refuted)
    half = diagnosis_of(setup, [], ["stalls"], {faster: 0.0}, 0.0)
    assert half.cause == "epochs"
    trials = {faster: 0.0, longer: 0.0, OTHER: 0.0}
    clear = diagnosis_of(setup, ["narrow"], ["stalls"], trials, 0.0)
    assert clear.cause == "narrow"  # there are not enough units, whatever else is wrong


def test_where_nothing_was_tried_no_trial_is_spoken_of(setup):
    for causes, fates in ([SIGNS["narrow"], ["stalls"]], [[], ["constant"]], [[], []]):
        text = str(diagnosis_of(setup, causes, fates, {}, 0.0))
        assert "no change was tried" in text
        assert "that was tried" not in text


def test_of_changes_that_may_not_all_be_needed_only_suspects_are_named(setup):
    late = diagnosis_of(setup, ["input_scale"], ["stalls"], {OWN: 0.1, BOTH: 0.9}, 0.0)
    late.proof.is_pruned = False
    assert (late.cause, late.attribution.also) == ("input_scale", ())


def test_remedies_of_other_suspects_are_tried_before_anything_else(setup):
    skills = 0.95 + SEEDS / 10
    trials = Trials(None, Proof(Trained(change=NOTHING, test=SEEDS * 0, train=SEEDS)), print)
    trials.results.append(Trained(change=OWN, test=skills, train=skills))
    judge(setup, trials.proof, trials.results)
    rest = [replace(HELP, key="adam"), OTHER, replace(HELP, key="unlikely")]
    suspects = Suspects(causes=["input_scale", "narrow"])
    worth, spared = _worth_trying(trials, rest, suspects)
    assert [change.key for change in worth] == ["other", "adam"]
    assert [change.key for change in spared] == ["unlikely"]
    worth, _ = _worth_trying(trials, rest, replace(suspects, vague=frozenset(["narrow"])))
    assert [change.key for change in worth] == ["adam"]
    vague = frozenset(["input_scale", "narrow"])  # what recovers can't be seen any more than others
    worth, _ = _worth_trying(trials, rest, replace(suspects, vague=vague))
    assert [change.key for change in worth] == ["other", "adam"]


@pytest.mark.parametrize(
    ("skill", "baseline", "vague", "settled"),
    [
        (0.8, 0.5, {"rate_low"}, True),
        (0.8, np.nan, {"rate_low"}, True),
        (0.8, 0.85, {"rate_low"}, False),
        (0.8, 0.5, set(), False),
        (0.7, 0.5, {"rate_low"}, False),
        (0.92, 0.99, set(), True),
    ],
)
def test_a_facts_remedy_that_does_well_ends_the_trials(setup, skill, baseline, vague, settled):
    proof = Proof(Trained(change=NOTHING, test=SEEDS * 0, train=SEEDS), baseline=baseline)
    faster = Change(key="faster", title="a higher rate", size=1, removes=("rate_low",))
    trials = Trials(None, proof, print, offers=[FACT, faster])
    trials.results.append(Trained(change=FACT, test=skill + SEEDS / 100, train=SEEDS))
    judge(setup, proof, trials.results)
    suspects = Suspects(
        causes=["output_loss", "rate_low"],
        certain=frozenset({"output_loss"}),
        vague=frozenset(vague),
    )
    worth, spared = _worth_trying(trials, [OTHER], suspects)
    assert (worth, spared) == (([], [OTHER]) if settled else (worth, []))
    assert bool(worth) is not settled


def test_what_several_changes_gain_is_not_said_to_be_one_remedys(setup):
    signs = ["input_scale", "narrow"]
    told = diagnosis_of(setup, signs, ["stalls"], {OWN: 0.1, BOTH: 0.3}, 0.1).details
    assert "inputs not scaled (its remedy gains +0.10)" in told
    assert "too few units (not tried alone)" in told


def test_what_is_written_wrong_and_is_not_the_cause_is_named_too(setup):
    signs = ["narrow", "loss_output"]
    told = diagnosis_of(setup, signs, ["stalls"], {OTHER: 0.9, FACT: -0.1}, 0.05)
    assert told.cause == "narrow"
    fact = "Worth mending, too: loss and output activation don't fit (loss_output was measured)."
    assert fact in " ".join(str(told).split())


def test_a_gain_that_few_seeds_cant_tell_from_chance_is_said_to_be_one(setup):
    few = diagnosis_of(setup, ["input_scale"], ["stalls"], {}, 0.0)
    skills = np.array([0.9, 0.1, 0.95, 0.0, 0.0])
    judge(setup, few.proof, [Trained(change=OWN, test=skills, train=SEEDS)])
    assert few.verdict == "not proven"
    text = " ".join(str(few).split())
    assert "Its own remedy: gain +0.38" in text and "can't tell from chance; give 10." in text
    enough = diagnosis_of(setup, ["input_scale"], ["stalls"], {OWN: 0.2}, 0.0)
    assert "from chance" not in str(enough)


def test_of_several_outputs_it_is_said_which_one_is_diagnosed(setup):
    note = "trained together, the outputs reach: sex 0.10, age 0.90; sex is diagnosed alone"
    worst = diagnosis_of(replace(setup, notes=(note,)), [], ["stalls"], {OTHER: 0.9}, 0.0)
    assert "Trained together, the outputs reach" in str(worst)
