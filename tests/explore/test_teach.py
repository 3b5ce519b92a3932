"""The exercises cite claims that there are, begin at right addresses, and count right.

Slow: the networks on digits, which end otherwise than those of the study, are trained in a browser.
"""

import functools
import json
import re
from pathlib import Path

import pytest

from repro.explore.scenes import load_scenes
from repro.explore.tables import VALUES
from repro.store.tables import read_table
from repro.study.schema import load_study
from tests.explore.conftest import END

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "teach.md").read_text(encoding="utf-8")


def test_every_claim_behind_an_exercise_is_in_its_study():
    cited = re.findall(r"^Behind it: (.*?)`experiments/(\w+)\.toml`", PAGE, flags=re.M | re.S)
    assert len(cited) == 5
    for claims, name in cited:
        named = re.findall(r"`(\w+)`", claims)
        assert len(named) >= 3
        assert set(named) <= load_study(name).claims.keys(), name


def test_every_address_is_read_as_it_is_written():
    addresses = re.findall(r"`(#scene=[^`]*)`", PAGE)
    assert len(addresses) >= 5
    for address in addresses:
        asked = dict(pair.split("=") for pair in address[1:].split("&"))
        controls = load_scenes()[asked.pop("scene")].all_controls
        known = {
            control.name: [json.dumps(value).strip('"') for value in control.values]
            for control in controls
        }
        for name, value in asked.items():
            assert value in known[name], address


def test_what_is_to_be_set_is_named_as_the_page_names_it():
    controls = [control for scene in load_scenes().values() for control in scene.all_controls]
    options = [control.text(value) for control in controls for value in control.values]
    shown = " | ".join(["Again", *(control.label for control in controls), *options])
    named = re.findall(r"\*([^*]+)\*", " ".join(PAGE.split()))
    assert len(named) > 20
    assert [name for name in named if not re.search(rf"(^|\| ){name}\b", shown)] == []


COUNTS = {  # among the seeds 0 to 99, which the page trains as the study did
    "There are 59.": ("add_numbers", "relu_posted", "born_dead", 0.5, 59),
    "52 learn, 33": ("add_numbers", "relu_posted", "learned", 0.5, 52),
    "31 networks learn in all": ("add_numbers", "relu_bias_mended", "learned", 0.5, 31),
    "all 100 learn": ("add_numbers", "relu_flipped", "learned", 0.5, 100),
    "46 networks learn in place of 52": ("add_numbers", "relu_momentum", "learned", 0.5, 46),
    "36 learn. Larger": ("add_numbers", "relu_rate_0_1", "learned", 0.5, 36),
    "84 learn. Only 9": ("add_numbers", "relu_linear_posted", "learned", 0.5, 84),
    "97 of 100 learn": ("truth_table", "relu_linear_output_bias_rate_0_1", "learned", 0.5, 97),
    "49 networks meet one": ("relu_at_zero", "float32_2000_steps", "met_zero", 0.5, 49),
    "64 of the pairs": ("relu_at_zero", "integers_one", "change", 0.03, 64),
}


@pytest.mark.parametrize("said", COUNTS)
def test_an_exercise_counts_what_the_study_counts(said):
    name, variant, metric, limit, count = COUNTS[said]
    runs = first_runs(name)
    first = runs[runs.variant == variant]
    assert len(first) == 100
    assert (first[metric] > limit).sum() == count
    assert said in " ".join(PAGE.split())


@functools.cache
def first_runs(name):
    runs = read_table(ROOT / "results" / name / "runs.csv")
    return runs[runs.seed < 100]


MNIST, SCALED = "#scene=mnist_relu&seeds=10", f"&input_scale={1 / 255}"
LAYERS = "#scene=four_layers&learning_rate=0.03&seeds=10"
SEEN = [  # an address, and what is said of it
    (MNIST, "In the end the ten networks get {mean} % of the digits right."),
    (MNIST + SCALED, "Now {dead} of the {units} units die, and {mean} % of the digits are right."),
    (MNIST + SCALED + "&first_layer_init=255", "the units live, and {mean} % are right."),
    (MNIST + SCALED + "&first_layer_rate=65025", "{dead} units die, and {mean} % are right."),
    (MNIST + "&learning_rate=0.0001", "at 1e-4 it gets {mean} % right."),
    (LAYERS, "as posted {learned} of the {all}, and {lost} are lost."),
    (LAYERS + "&backpropagation=hidden_mended", "to *hidden mended*: {learned} get there."),
    (LAYERS + "&backpropagation=output_mended", "to *output mended*: {learned} do as well."),
]
NUMBERS = {  # of what the page says, one behind another
    "mnist_relu": ("mean", "lost", "all", "dead", "units", "silent", "images"),
    "four_layers": ("learned", "all", "lost", "dead", "units", "silent", "images"),
}


def test_the_grey_shape_is_of_so_many_seeds():
    assert f"made of {VALUES} of the study's seeds" in " ".join(PAGE.split())


@pytest.mark.slow
@pytest.mark.parametrize(("address", "said"), SEEN)
def test_counts_on_digits_are_what_the_page_shows(open_page, address, said):
    page = open_page(address)
    page.wait_for_function(END)
    assert said.format(**shown(page, address)) in " ".join(PAGE.split())


@pytest.mark.slow
def test_units_are_grey_after_twelve_steps(open_page):
    page = open_page(MNIST)
    page.wait_for_function(END)
    page.locator("#step").fill(str(load_scenes()["mnist_relu"].looks.index(12)))
    page.wait_for_function("() => document.querySelector('#at').textContent === 'step 12'")
    said = "Within twelve steps {dead} of its {units} units are grey, and {silent} of the {images}"
    assert said.format(**shown(page, MNIST)) in " ".join(PAGE.split())


def shown(page, address):
    """Return the numbers that the page says of all networks, and of the one that is followed."""
    told = page.locator("#told").inner_text() + page.locator("#tell-alive").inner_text()
    names = NUMBERS[re.search(r"scene=(\w+)", address)[1]]
    return dict(zip(names, re.findall(r"\d+", told), strict=True))
