"""A study file is checked whole before anything trains; what is wrong in it is named."""

import re

import pytest

from repro.study.errors import StudyError
from repro.study.folder import studies_folder, study_names
from repro.study.plan import make_plan
from repro.study.schema import load_study, read_study

GOOD = """
name = "mnist_relu"
title = "A title"
question = "A question?"
seeds = 4
metric = "test_accuracy"
better = "higher"

[thread]
title = "Um título"
language = "pt"
source = "002"
licence = "CC BY-SA 3.0"

[fixed]
epochs = 2

[variants.raw]
label = "raw"
group = "as posted"
quoted = [0.5, 0.55]
parameters = { hidden_activation = "relu" }

[variants.scaled]
label = "scaled"
group = "fix of the thread"
parameters = { hidden_activation = "relu", input_scale = "1/255" }

[grids.map]
seeds = 2
[grids.map.vary]
input_scale = ["1/4", 1]
learning_rate = [0.1, 0.01]

[claims.scaling_helps]
made_by = "answer"
says = "Scaling helps."
test = "greater"
variant = "scaled"
reference = "raw"
metric = "test_accuracy"
"""

REPORT = """
[report]
lead = "Scaling helps [scaling_helps holds]."
answer = "It does [scaling_helps], from [0, 255] to [0, 1]."
mechanism = "See [scaling_helps]."
curves = ["raw"]

[[report.gaps]]
failing = "raw"
reference = "scaled"
fixes = { scaled = "pixels/255" }
"""


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        path = tmp_path / "mnist_relu.toml"
        path.write_text(text, encoding="utf-8")
        return read_study(path)

    return read_text


def test_a_good_study(read):
    study = read(GOOD)
    assert study.variants["raw"].quotes == (0.5, 0.55)
    assert list(study.all_variants) == [
        "raw",
        "scaled",
        "map@input_scale=1/4,learning_rate=0.1",
        "map@input_scale=1/4,learning_rate=0.01",
        "map@input_scale=1,learning_rate=0.1",
        "map@input_scale=1,learning_rate=0.01",
    ]


@pytest.mark.parametrize(
    ("wrong", "right", "message"),
    [
        ("seeds = 4", "sedes = 4", "sedes: Extra inputs"),
        ("seeds = 4", 'seeds = "4"', "seeds: Input should be a valid integer, got '4'"),
        ("seeds = 4", "seeds = 0", "seeds: Input should be greater than or equal to 1"),
        ('label = "raw"', 'seeds = "0:4 4:8"\nlabel = "raw"', "'0:4 4:8': write spans that rise"),
        ('label = "raw"', 'seeds = "4:4"\nlabel = "raw"', "seeds '4:4': write spans that rise"),
        ('label = "raw"', 'seeds = "a few"\nlabel = "raw"', "variants.raw.seeds"),
        ('label = "raw"', 'seeds = "0:900000"\nlabel = "raw"', "runs are too many"),
        ("seeds = 4", "seeds = 1000000000", "seeds: Input should be less than or equal to 100000"),
        ('name = "mnist_relu"', 'name = "../evil"', "name: String should match"),
        ('name = "mnist_relu"', 'name = "other"', "name: is 'other', must be the file's"),
        (
            'metric = "test_accuracy"\nb',
            'metric = "speed"\nb',
            "metric: no metric is named 'speed'",
        ),
        ('better = "higher"', 'better = "more"', "better: Input should be 'higher' or 'lower'"),
        ("epochs = 2", "epochs = 0", "parameters.epochs: Input should be greater than 0"),
        ("epochs = 2", "eposch = 2", "parameters.eposch: Extra inputs"),
        ('activation = "relu" }', 'activation = "rleu" }', "hidden_activation: Input should be"),
        ('input_scale = "1/255"', 'input_scale = "1/0"', "scaled.parameters.input_scale"),
        ('input_scale = "1/255"', "input_scale = true", "scaled.parameters.input_scale"),
        ('input_scale = "1/255"', "input_scale = nan", "scaled.parameters.input_scale"),
        ('variant = "scaled"', 'variant = "scald"', "claims.scaling_helps.variant: no variant is"),
        ('reference = "raw"', 'reference = "rw"', "claims.scaling_helps.reference: no variant is"),
        (
            'reference = "raw"',
            "",
            "claims.scaling_helps: Value error, test 'greater' needs the key",
        ),
        ('test = "greater"', 'test = "above"', "test 'above' takes no key 'reference'"),
        (
            'test = "greater"',
            'test = "equivalent"',
            "claims.scaling_helps: 'equivalent' needs a margin: set margins.test_accuracy",
        ),
        (
            'test = "greater"',
            'test = "recovers"\nshare_above = 0.9',
            "needs a margin: set margins.share of runs",
        ),
        (
            'test = "greater"',
            'test = "greater"\nshare_above = 0.9\nshare_below = 0.5',
            "share_above and share_below are two claims",
        ),
        ('test = "greater"', 'test = "greater"\nfixed_after = "a look"', "fixed_after"),
        ('test = "greater"', 'test = "greater"\nfixed_after = "4:4"', "'4:4' names no seed"),
        ("[fixed]", "[margins]\nspeed = 0.1\n[fixed]", "margins: no metric is named 'speed'"),
        ('made_by = "answer"', 'made_by = "nobody"', "claims.scaling_helps.made_by"),
        ('group = "as posted"', 'group = "posted"', "variants.raw.group"),
        ("[thread]", "[tread]", "thread: Field required"),
        ("[variants.raw]", "[variants.raw", "not a TOML file"),
    ],
)
def test_what_is_wrong_is_named(read, wrong, right, message):
    assert wrong in GOOD
    with pytest.raises(StudyError, match=re.escape(message)) as error:
        read(GOOD.replace(wrong, right, 1))
    assert "mnist_relu.toml" in str(error.value)


def test_what_recovers_has_the_studys_margin(read):
    margins = '[margins]\ntest_accuracy = 0.02\n"share of runs" = 0.1\n\n[fixed]'
    text = GOOD.replace('test = "greater"', 'test = "recovers"').replace("[fixed]", margins)
    assert read(text).claims["scaling_helps"].bound == 0.02
    counted = text.replace('test = "recovers"', 'test = "recovers"\nshare_above = 0.9')
    assert read(counted).claims["scaling_helps"].bound == 0.1
    with pytest.raises(StudyError, match=r"recovers takes no bound; margins\.test_accuracy has it"):
        read(text.replace('test = "recovers"', 'test = "recovers"\nbound = 0.1'))
    equal = text.replace('test = "recovers"', 'test = "equivalent"\nbound = 1e-9')
    assert read(equal).claims["scaling_helps"].bound == 1e-9


def test_a_variant_may_have_more_seeds_than_its_study(read):
    text = GOOD.replace('label = "raw"', 'label = "raw"\nseeds = 9')
    plan = make_plan(read(text))
    assert plan.seeds["raw"] == tuple(range(9))
    assert plan.seeds["scaled"] == tuple(range(4))
    assert make_plan(read(text), seeds=range(20, 40)).seeds["raw"] == tuple(range(20, 29))


def test_an_unknown_study_is_named_beside_the_known():
    with pytest.raises(StudyError, match=r"no study is named '\.\./x'; there are .*mnist_relu"):
        load_study("../x")


@pytest.mark.parametrize("name", study_names())
def test_every_study_of_ours_is_sound(name):
    assert load_study(name).name == name
    assert studies_folder().joinpath(f"{name}.toml").is_file()


def test_what_the_report_says_is_checked_and_changes_no_run(read):
    study = read(GOOD + REPORT)
    assert study.report.cited == ["scaling_helps"] * 3
    assert study.report.variants == ["raw", "raw", "scaled", "scaled"]
    assert make_plan(study).identities == make_plan(read(GOOD)).identities


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("[scaling_helps],", "[scaling_hepls],", "no claim is named 'scaling_hepls'"),
        ('curves = ["raw"]', 'curves = ["rwa"]', "no variant is named 'rwa'"),
        ('failing = "raw"', 'failing = "map@a=1"', "no variant is named 'map@a=1'"),
        ("[scaling_helps holds]", "[scaling_hepls holds]", "no claim is named 'scaling_hepls'"),
        ("{ scaled =", "{ scalde =", "no variant is named 'scalde'"),
        ('failing = "raw"', 'failing = "raw"\nmetric = "speed"', "no metric is named 'speed'"),
        ('{ scaled = "pixels/255" }', "{}", "report.gaps.0.fixes"),
        ('licence = "CC', 'link = "javascript:alert(1)"\nlicence = "CC', "thread.link"),
    ],
)
def test_what_is_wrong_in_it_is_named(read, right, wrong, message):
    with pytest.raises(StudyError, match=re.escape(message)):
        read((GOOD + REPORT).replace(right, wrong))
