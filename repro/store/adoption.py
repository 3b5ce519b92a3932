"""Compare stored runs with those of changed code, and carry them over if they agree."""

import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from repro.store.runs import StoredBlock, StoredRun
from repro.store.tables import CURVE_DIGITS
from repro.study.errors import StudyError
from repro.study.experiments import Experiment
from repro.study.identity import digest
from repro.study.models import Study
from repro.study.plan import Block, variant_parameters
from repro.study.seeds import in_blocks
from repro.study.selection import DRAW
from repro.study.validation import explain

Point = Mapping[str, Any]  # of a curve


@dataclass(frozen=True)
class Candidate:
    """A block of runs by other code, and the same block by the code as it is.

    Attributes:
        block: as it was trained.
        renewed: to be trained again.
        runs: that the block gave.
    """

    block: Block
    renewed: Block
    runs: list[StoredRun]


def renew(study: Study, experiment: Experiment, block: Block) -> Block:
    """Return a block's settings for the code as it is.

    Parameters that both know keep their value; new ones get what the study says, or their default;
    those that are no more are dropped.

    Raises:
        StudyError: if a parameter has a value that it can't have.
    """
    is_variant = block.variant in study.all_variants
    stated = variant_parameters(study, experiment, block.variant) if is_variant else {}
    kept = {k: v for k, v in block.parameters.items() if k in experiment.names}
    own = experiment.applicable(stated | kept, {})
    try:
        renewed = {"code": experiment.code, "parameters": experiment.parameters(own)}
    except ValidationError as error:
        raise StudyError(f"runs of {block.variant}: {explain(error)[0]}") from None
    return Block(block.variant, {**block.settings, **renewed})


def regrouped(blocks: Iterable[StoredBlock], size: int) -> Iterator[StoredBlock]:
    """Yield the same runs in blocks of so many seeds, as a plan would have them.

    Args:
        blocks: as they were trained.
        size: the most seeds that are trained together.
    """
    kinds: dict[str, tuple[str, dict[str, Any], dict[int, StoredRun]]] = {}
    for block, runs in blocks:
        shared = {name: value for name, value in block.settings.items() if name != "seeds"}
        kind = digest({"variant": block.variant, **shared})
        _, _, by_seed = kinds.setdefault(kind, (block.variant, shared, {}))
        by_seed.update((run.seed, run) for run in runs)
    for variant, shared, by_seed in kinds.values():
        for seeds in in_blocks(sorted(by_seed), size):
            yield Block(variant, shared | {"seeds": list(seeds)}), [by_seed[s] for s in seeds]


def carry(block: Block, runs: Sequence[StoredRun]) -> StoredBlock:
    """Return runs as those of another block of the same seeds."""
    pairs = zip(runs, block.identities, strict=True)
    return block, [replace(run, identity=identity) for run, identity in pairs]


def draw_sample(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return one candidate of every variant, and of every setting that it was run with."""
    kinds: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        shared = {k: v for k, v in candidate.block.settings.items() if k not in ("seeds", "code")}
        kinds.setdefault(repr((candidate.block.variant, shared)), []).append(candidate)
    generator = random.Random(DRAW)  # noqa: S311
    return [generator.choice(kind) for kind in kinds.values()]


def differences(candidate: Candidate, trained: Sequence[StoredRun]) -> Iterator[str]:
    """Yield a line for each number of a candidate's block that came out otherwise."""
    for expected, run in zip(candidate.runs, trained, strict=True):
        place = f"{run.variant}, seed {run.seed}"
        for name in run.metrics.keys() - expected.metrics.keys():
            yield f"{place}: {name} is a new metric"
        for name, value in expected.metrics.items():
            is_blank = name not in run.metrics and value != value  # a table has a cell for all
            if not is_blank and not _equal(value, run.metrics.get(name)):
                yield f"{place}: {name} was {value}, is {run.metrics.get(name, 'not there')}"
        # the tables keep the curves of the first seeds alone
        if expected.curve and not _is_same_curve(expected.curve, run.curve):
            yield f"{place}: its curve is another"


def _equal(value: Any, other: Any) -> bool:
    return repr(value) == repr(other) or value == other  # not a number is not a number


def _is_same_curve(expected: Sequence[Point], curve: Sequence[Point]) -> bool:
    """Compare all digits; or those of the tables, if the curve comes from these and has no more.

    Runs that were once carried over from tables are in the store with the tables' digits.
    """
    kept = _texts(expected, CURVE_DIGITS)
    read = [{name: float(text) for name, text in point.items()} for point in kept]
    have_gaps = [{name: v for name, v in point.items() if not math.isnan(v)} for point in expected]
    if read == have_gaps:
        return kept == _texts(curve, CURVE_DIGITS)
    return _texts(expected, None) == _texts(curve, None)


def _texts(curve: Sequence[Point], digits: int | None) -> list[dict[str, str]]:
    """Return a curve as text; with the tables' digits, it has no cells where they have gaps."""
    if digits is None:
        return [{name: repr(value) for name, value in point.items()} for point in curve]
    return [
        {name: f"{value:.{digits}g}" for name, value in point.items() if not math.isnan(value)}
        for point in curve
    ]
