"""The exercises cite claims that there are, and begin at addresses that mean something."""

import json
import re
from pathlib import Path

from repro.explore.scenes import load_scenes
from repro.study.schema import load_study

PAGE = (Path(__file__).parents[2] / "docs" / "teach.md").read_text(encoding="utf-8")


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
