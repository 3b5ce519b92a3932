"""What a study's runs are, and in which order they are done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from repro.study.experiments import Experiment, find_experiment
from repro.study.identity import run_identity
from repro.study.schema import Study, StudyError


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
    chosen = choose_variants(study, variants)
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


def choose_variants(study: Study, variants: Sequence[str] | None) -> list[str]:
    """Return the names of these variants, or of all, in the study's order.

    Raises:
        StudyError: for one that there is not.
    """
    known = list(study.all_variants)
    if variants is None:
        return known
    for name in variants:
        if name not in known:
            named = ", ".join(study.variants)
            raise StudyError(f"no variant of {study.name} is named {name!r}; there are {named}")
    return [name for name in known if name in variants]
