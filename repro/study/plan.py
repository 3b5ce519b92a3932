"""What a study's runs are, and in which order they are done."""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from repro.study.experiments import Experiment, find_experiment
from repro.study.identity import run_identity
from repro.study.schema import Study, StudyError


DRAW = 0  # seed of the draw of a sample: the same one each time


@dataclass(frozen=True, eq=False)
class Block:
    """Runs that are trained together: one variant, several seeds.

    Attributes:
        variant: its name.
        parameters: all of them, defaults included.
        seeds: of its runs.
        identities: of its runs, in the order of the seeds.
    """

    variant: str
    parameters: Mapping[str, Any]
    seeds: tuple[int, ...]
    identities: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """All that is to be run for one results folder."""

    study: Study
    experiment: Experiment
    data: str | None
    parameters: Mapping[str, Mapping[str, Any]]  # of each variant, defaults included
    seeds: Mapping[str, tuple[int, ...]]  # of each variant
    blocks: tuple[Block, ...]

    @property
    def identities(self) -> list[str]:
        """Return every run's identity, by variant, then by seed as given."""
        of = {(b.variant, s): i for b in self.blocks for s, i in zip(b.seeds, b.identities)}  # noqa: B905
        return [of[variant, seed] for variant in self.seeds for seed in self.seeds[variant]]


def make_plan(
    study: Study,
    *,
    seeds: Sequence[int] | None = None,
    variants: Sequence[str] | None = None,
    override: Mapping[str, Any] | None = None,
    data: str | None = None,
    data_digest: str = "",
) -> Plan:
    """Lay out a study's runs in rounds: every variant's first block of seeds, then every second.

    So the whole picture appears early and sharpens.

    Args:
        study: what is studied.
        seeds: in place of the study's own; a variant that has fewer keeps its number.
        variants: only these; all if None.
        override: parameters set for all variants, over what they say.
        data: name of the data set; None if the experiment makes its own.
        data_digest: of that data set.

    Raises:
        StudyError: for an unknown variant.
    """
    experiment = find_experiment(study.name)
    chosen = _choose(study, variants)
    seeds = range(study.seeds) if seeds is None else seeds
    parameters = {
        name: experiment.parameters(
            study.fixed | study.all_variants[name].parameters | dict(override or {})
        )
        for name in chosen
    }
    seeds_of = {name: tuple(seeds[: study.all_variants[name].seeds]) for name in chosen}

    def block(variant: str, block_seeds: tuple[int, ...]) -> Block:
        identities = tuple(
            run_identity(
                experiment=experiment.name,
                code=experiment.code,
                parameters=parameters[variant],
                seed=seed,
                block=block_seeds,
                data=data_digest,
            )
            for seed in block_seeds
        )
        return Block(variant, parameters[variant], block_seeds, identities)

    blocks = tuple(
        block(name, seeds_of[name][start : start + study.block])
        for start in range(0, len(seeds), study.block)
        for name in chosen
        if seeds_of[name][start:]
    )
    return Plan(study, experiment, data, parameters, seeds_of, blocks)


def part_of(plan: Plan, blocks: Collection[Block]) -> Plan:
    """Return the plan of only these of its blocks: the same runs with the same identities.

    A seed alone would not be: its numbers depend by rounding on the block it is trained in.
    """
    blocks = tuple(block for block in plan.blocks if block in blocks)
    seeds: dict[str, tuple[int, ...]] = {}
    for block in blocks:
        seeds[block.variant] = (*seeds.get(block.variant, ()), *block.seeds)
    return replace(plan, blocks=blocks, seeds={v: seeds[v] for v in plan.seeds if v in seeds})


def choose_blocks(
    plan: Plan,
    *,
    variants: Sequence[str] | None = None,
    seeds: Sequence[int] | None = None,
    sample: int | None = None,
) -> Plan:
    """Return the part of a plan that is asked for, in whole blocks.

    Args:
        plan: of the whole study.
        variants: only these.
        seeds: only the blocks that hold any of them.
        sample: of the blocks that are left, only so many, drawn at random.

    Raises:
        StudyError: for an unknown variant; if there is none of the seeds.
    """
    known = _choose(plan.study, variants)
    blocks = [block for block in plan.blocks if block.variant in known]
    if seeds is not None:
        blocks = [block for block in blocks if not set(seeds).isdisjoint(block.seeds)]
        if not blocks:
            last = plan.study.seeds - 1
            raise StudyError(f"--seeds: {plan.study.name} has the seeds 0 to {last}, none of these")
    if sample is not None and sample < len(blocks):
        blocks = random.Random(DRAW).sample(blocks, sample)  # noqa: S311
    return part_of(plan, blocks)


def _choose(study: Study, variants: Sequence[str] | None) -> list[str]:
    known = list(study.all_variants)
    if variants is None:
        return known
    for name in variants:
        if name not in known:
            named = ", ".join(study.variants)
            raise StudyError(f"no variant of {study.name} is named {name!r}; there are {named}")
    return [name for name in known if name in variants]
