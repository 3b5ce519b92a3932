"""What a scene offers is what its experiment takes, and its sentence counts what dots can be."""

import itertools
import re

import pytest

from repro.explore.scenes import Control, load_scenes
from repro.explore.tables import maps_of
from repro.study.experiments import find_experiment

SCENES = load_scenes()
COUNTED = {"all", "learned", "unborn", "mean", "born", "dead", "lit", "differs"}


def offered(name, scene):
    """Yield each value of each control with its parameter, but for those that only the page has."""
    for control in scene.controls:
        for value in control.values:
            if scene.page_only is None or (control.name, type(value)) != (
                scene.page_only.name,
                float,
            ):
                yield control.name, value


@pytest.mark.parametrize("name", SCENES)
def test_the_experiment_takes_what_can_be_set(name):
    experiment = find_experiment(name)
    for parameter, value in offered(name, SCENES[name]):
        assert experiment.parameters({parameter: value})[parameter] == value


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_names_parameters_and_counts_that_there_are(name):
    scene = SCENES[name]
    named = {scene.horizon, *scene.smaller, *scene.settings, *(scene.beside or {})}
    named |= {setting for mark in scene.marks for setting in mark.settings}
    assert named <= set(find_experiment(name).names)
    words = {word for part in re.findall(r"\{(.+?)\}", scene.sentence) for word in part.split("+")}
    assert words <= COUNTED
    assert scene.looks == sorted(set(scene.looks))


def test_values_are_shown_short():
    control = Control(name="rate", label="Rate", choices=["1/65025", 1e-7, 0.003, 65_025])
    assert [control.text(v) for v in control.values] == ["1/65,025", "1e-7", "0.003", "65,025"]
    assert control.values[0] == 1 / 65_025


def test_numbers_stand_between_words():
    control = Control(name="at", label="At", choices=["zero", "half", "one"], steps_between=1)
    assert control.values == ["zero", 0.25, "half", 0.75, "one"]
    assert control.kind == "slider"


def test_a_map_rises_as_its_sliders_do():
    variants = [
        {"name": "scale_by_rate@", "settings": {"input_scale": s, "learning_rate": r}, "mean": 0.5}
        for s, r in itertools.product((1, 1 / 255, 1 / 16), (1e-7, 0.1, 1e-3))
    ]
    (found,) = maps_of(SCENES["mnist_relu"], {}, variants)
    assert found["across"] == [1 / 255, 1 / 16, 1]
    assert found["down"] == [0.1, 1e-3, 1e-7]
