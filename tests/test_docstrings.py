"""Every public name has a docstring whose examples run; help and completion show the public names.

Slow: those that diagnose a network, train a grid, or train the largest of the threads.
"""

import doctest
import inspect
import pydoc
import subprocess
import sys

import matplotlib
import matplotlib.pyplot as plt
import pytest

import repro
from repro.study.folder import study_names

# The examples of a row continue those of its first name, which make `fit`, `audit`, `diagnosis`.
FAMILIES = [
    "fit_seeds SeedsFit load_fit",
    "fit_grid GridFit",
    "gradient_audit instruments.gradient_audit.Audit",
    "diagnose instruments.diagnose.Diagnosis",
    "instruments.diagnose.DiagnoseError",
    "data_order",
    "callbacks.ReluHealth",
    *(f"{name}.experiment" for name in study_names()),
]
SLOW = (FAMILIES[1], FAMILIES[3], "four_layers.experiment", "mnist_relu.experiment")
HOOKS = "on_"  # that Keras calls
FINDER = doctest.DocTestFinder(recurse=False)


def documented(name):
    """Yield what a public name stands for and, of a class, its public methods that are ours."""
    thing = pydoc.locate(f"repro.{name}")
    yield name, thing
    if inspect.isclass(thing):
        for member, value in inspect.getmembers(thing, inspect.isfunction):
            if value.__module__.startswith("repro.") and not member.startswith(("_", HOOKS)):
                yield f"{name}.{member}", value


@pytest.mark.long
@pytest.mark.parametrize(
    "family",
    [pytest.param(f, marks=pytest.mark.slow if f in SLOW else ()) for f in FAMILIES],
    ids=lambda family: family.split()[0],
)
def test_the_examples_run(family, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    matplotlib.use("agg")
    names = {}
    runner = doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    for name, thing in (pair for first in family.split() for pair in documented(first)):
        for example in FINDER.find(thing, name, globs=names):
            assert example.examples, f"{name} has no example"
            example.globs = names  # what one defines, the next one uses
            said = []
            runner.run(example, out=said.append, clear_globs=False)
            assert not said, "".join(said)
    plt.close("all")


def test_the_public_names_are_shown():
    assert {*dir(repro)} == {*repro.__all__, "__version__"}
    assert dir(repro.callbacks) == ["ReluHealth"]
    for name in repro.__all__:
        assert f"- `{name}" in repro.__doc__, name
        assert any(name in family for family in FAMILIES)
    help_page = pydoc.plain(pydoc.render_doc(repro))
    for name in ("fit_seeds", "diagnose", "gradient_audit", "data_order", "load_fit"):
        assert f"    {name}(" in help_page
    assert "class SeedsFit(" in help_page


def test_a_name_that_there_is_not_is_answered_with_the_nearest():
    call = [sys.executable, "-c", "import repro; repro.fit_seed"]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert "Did you mean: 'fit_seeds'?" in done.stderr


@pytest.mark.parametrize("family", FAMILIES)
def test_every_public_member_says_what_it_is(family):
    for name in family.split():
        thing = pydoc.locate(f"repro.{name}")
        for member in dir(thing) if inspect.isclass(thing) else ():
            value = inspect.getattr_static(thing, member)
            is_ours = getattr(getattr(value, "fget", value), "__module__", "") or ""
            if member[0] != "_" and is_ours.startswith("repro."):
                assert inspect.getdoc(value), f"{name}.{member}"


def test_a_wrong_example_is_seen(tmp_path):
    def wrong():
        """Return nothing.

        Examples:
            >>> 1 + 1
            3
        """

    runner, said = doctest.DocTestRunner(), []
    runner.run(FINDER.find(wrong, globs={})[0], out=said.append)
    assert said
