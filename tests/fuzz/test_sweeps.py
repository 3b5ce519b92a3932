"""Settings of a sweep: any text makes a plan of that grid, or is refused in a line."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from repro.study.errors import StudyError
from repro.study.experiments import find_experiment
from repro.study.folder import study_names
from repro.study.plan import make_plan
from repro.study.sweep import sweep_name, sweep_study

unhurried = settings(max_examples=2 * settings.default.max_examples)
PARAMETERS = {name: find_experiment(name).names for name in study_names()}
ODD = [
    "1",
    "2",
    "0.1",
    "1/3",
    "1/0",
    "-1",
    "1e999",
    "nan",
    "inf",
    "True",
    "relu",
    "sgd",
    "",
    " ",
    "=",
    "9" * 5000,
    "9" * 5000 + "/1",
    "٣",
    "1_0",
    "0x1",
    "[1]",
    "None",
    "\x00",
    "\r",
    "../x",
    "[red]",
]
values = st.lists(st.sampled_from(ODD) | st.text(max_size=9), min_size=1, max_size=4)


@st.composite
def sweeps(draw):
    """A study's name, and settings of which most name a parameter of it."""
    name = draw(st.sampled_from(list(PARAMETERS)))
    keys = st.sampled_from(PARAMETERS[name]) | st.text(max_size=9)
    setting = st.builds(lambda key, of: f"{key}={','.join(of)}", keys, values)
    return name, draw(st.lists(setting | st.text(max_size=9), min_size=1, max_size=3))


@given(sweep=sweeps(), seeds=st.integers(1, 1000))
@unhurried
def test_any_settings_make_that_grid_or_are_refused(sweep, seeds):
    name, given_settings = sweep
    try:
        plan = make_plan(sweep_study(name, given_settings, seeds))
    except StudyError as refusal:
        assert str(refusal)
    else:
        cells = math.prod(len(setting.split(",")) for setting in given_settings)
        assert len(set(plan.identities)) == cells * seeds
        assert "/" not in sweep_name(plan)
