"""Check the shape of what the store holds: whoever can write it can write checksums, too."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from repro.store.ranges import is_inside, kind_of_points
from repro.study.records import STATUS
from repro.study.text import LINES, controls, texts

MOST_SEEDS = 2**32  # what generators take
LARGEST = 2**63  # whole numbers that an array can hold are below
MOST_NAMES = 500  # of the numbers of a run, or of a point
AXES = ("epoch", "step")

LONGEST = 1e9  # seconds of a run
SETTINGS = {"code": str, "data": str, "fingerprint": dict, "parameters": dict, "seeds": list}
ADOPTION = {"code_before": str, "code_after": str, "sample": str, "date": str}
DATE = r"^\d{4}-\d\d-\d\dT"

Row = tuple[str, int, str, str, int, str, str, float]


def wrong_settings(content: str) -> str:
    """Return what is wrong with a block's settings, or nothing."""
    settings = _read(content)
    if not _has_types(settings, SETTINGS):
        return "are no settings of a block"
    seeds = settings["seeds"]
    if not seeds or not all(map(_is_seed, seeds)):
        return "have no seeds"
    return "have a control character" if _has_controls(settings) else ""


def wrong_adoption(content: str) -> str:
    """Return what is wrong with a note on runs that were carried over, or nothing."""
    adoption = _read(content)
    if not _has_types(adoption, ADOPTION) or _has_controls(adoption):
        return "is none"
    if any(set(LINES) & set(text) for text in texts(adoption)):
        return "has more than a line"
    return "" if re.match(DATE, adoption["date"]) else "has no date"


def wrong_run(row: Row, seeds: Mapping[str, Collection[int]]) -> str:
    """Return what is wrong with a run, or nothing.

    Args:
        row: of the table `runs`, without its checksum.
        seeds: of the blocks whose settings are stored, by their digests.
    """
    identity, copy, settings, variant, seed, metrics, curve, seconds = row
    if not identity or copy < 0 or _has_controls([identity, variant]):
        return "has no identity or variant"
    if seed not in seeds.get(settings, ()):
        return "is none of the block whose settings it has"
    if not 0 <= seconds <= LONGEST:
        return "took no time that there is"
    if not _is_record(_read(metrics)):
        return "has no metrics"
    return "" if _is_curve(_read(curve)) else "has no curve"


def wrong_numbers(
    metrics: Mapping[str, Any], curve: Sequence[Mapping[str, Any]], kinds: Mapping[str, str]
) -> str:
    """Return what is wrong with the numbers of an experiment's run, or nothing.

    Args:
        metrics: of the run, with its status.
        curve: of the run, a point each.
        kinds: of the experiment's metrics, by name; see `repro.study.metrics`.
    """
    return _wrong_metrics(metrics, kinds) or _wrong_curve(curve, kinds)


def _wrong_metrics(metrics: Mapping[str, Any], kinds: Mapping[str, str]) -> str:
    if metrics.get("status") not in STATUS:
        return "has no status"
    for name, kind in kinds.items():
        if not _is_number(metrics.get(name)):
            return f"has no number as its {name}"
        if not _fits(metrics[name], kind):
            return f"has a {name} that is no {kind}"
    return ""


def _wrong_curve(curve: Sequence[Mapping[str, Any]], kinds: Mapping[str, str]) -> str:
    for point in curve:
        for name in kinds.keys() & point.keys():
            kind = kinds[name] if isinstance(point[name], bool) else kind_of_points(kinds[name])
            if point[name] is not None and not _fits(point[name], kind):
                return f"has a curve with a {name} that is no {kind}"
    return ""


def _fits(value: float, kind: str) -> bool:
    """Return whether a number is one of its kind; truth values are flags."""
    is_of_kind = kind == "flag" or not isinstance(value, bool)
    return bool(is_of_kind and is_inside(float(value), kind))


def axis_of(curve: Sequence[Mapping[str, Any]]) -> str:
    """Return what counts the points of a curve, `epoch` or `step`; nothing if it has none."""
    return next((axis for axis in AXES for point in curve[:1] if axis in point), "")


def _is_number(value: Any) -> bool:
    """Return whether a value is a number that an array can hold."""
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < LARGEST)


def _is_curve(value: Any) -> bool:
    """Return whether a value is a list of points along one axis, each at a place of its own."""
    if not isinstance(value, list) or not all(map(_is_point, value)):
        return False
    places = {(axis, point[axis]) for point in value for axis in AXES if axis in point}
    return len(places) == len(value) and len({axis for axis, _ in places}) <= 1


def _is_point(value: Any) -> bool:
    """Return whether a value is a point of a curve: numbers at an epoch or a step."""
    return (
        _is_record(value)
        and not {"variant", "seed"} & set(value)
        and any(_is_place(value[axis]) for axis in AXES if axis in value)
        and all(number is None or _is_number(number) for number in value.values())
        and all(name[:1].isalpha() for name in value)  # no formula as a table's heading
    )


def _is_place(value: Any) -> bool:
    return type(value) is int and 0 <= value < LARGEST


def _has_types(value: Any, types: Mapping[str, type]) -> bool:
    """Return whether a value is a dict with these keys, each with something of its type."""
    return isinstance(value, dict) and all(
        isinstance(value.get(key), kind) for key, kind in types.items()
    )


def _is_record(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= MOST_NAMES
        and all(isinstance(item, bool | int | float | str | None) for item in value.values())
        and not _has_controls(value)
    )


def _is_seed(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_SEEDS


def _has_controls(value: Any) -> bool:
    return any(True for text in texts(value) for _ in controls(text))


def _read(content: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
