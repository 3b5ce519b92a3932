"""The exercises cite claims that there are, and begin at addresses that mean something."""

import functools
import json
import re
from pathlib import Path

import pytest

from repro.explore.scenes import load_scenes
from repro.store.tables import read_table
from repro.study.schema import load_study

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
