"""The convention of the threads, which docs/threads/README.md describes."""

import inspect
from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest

from repro import add_numbers, four_layers, mnist_relu, relu_at_zero, truth_table
from repro.add_numbers.settings import Settings as AddNumbers
from repro.four_layers.settings import Settings as FourLayers
from repro.mnist_relu.settings import Settings as MnistRelu
from repro.relu_at_zero.settings import MnistMlp, Snippet
from repro.truth_table.settings import Settings as TruthTable

EXPERIMENTS = {
    TruthTable: truth_table.experiment,
    Snippet: relu_at_zero.EXPERIMENTS["snippet"],
    MnistMlp: relu_at_zero.EXPERIMENTS["mnist_mlp"],
    MnistRelu: mnist_relu.experiment,
    AddNumbers: add_numbers.experiment,
    FourLayers: four_layers.experiment,
}
PAIRS = [
    pytest.param(*pair, id=pair[1].__module__ + pair[1].__name__) for pair in EXPERIMENTS.items()
]


def defaults(settings):
    """Each field's value, those of a group of fields in its place."""
    for field in fields(settings):
        value = getattr(settings, field.name)
        yield from defaults(value) if is_dataclass(value) else [(field.name, value)]


@pytest.mark.parametrize(("settings", "experiment"), PAIRS)
def test_settings_are_the_parameters_with_their_defaults(settings, experiment):
    parameters = inspect.signature(experiment).parameters
    expected = {name: p.default for name, p in parameters.items() if name != "seeds"}
    assert dict(defaults(settings())) == expected
    assert {p.kind for p in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize(("settings", "experiment"), PAIRS)
def test_every_parameter_is_described(settings, experiment):
    described = inspect.getdoc(experiment)
    for name, _ in defaults(settings()):
        assert f"    {name}: " in described


@pytest.mark.parametrize("settings", EXPERIMENTS, ids=str)
def test_settings_do_not_change(settings):
    one = settings()
    with pytest.raises(FrozenInstanceError):
        setattr(one, fields(one)[0].name, None)
    assert hash(one) == hash(settings())
