"""Lay out a study's runs, in the order in which they are done."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from repro.study.contradictions import too_many_runs
from repro.study.errors import StudyError, unknown
from repro.study.experiments import Experiment, find_experiment
from repro.study.identity import block_settings, run_identities
from repro.study.models import MAX_RUNS, Claim, Study, Variant
from repro.study.seeds import count_seeds, in_blocks, list_seeds


@dataclass(frozen=True, eq=False)
class Block:
    """Runs of one variant that are trained together.

    Attributes:
        variant: its name.
        settings: all that determines the runs' numbers; see `repro.study.identity`.
    """

    variant: str
    settings: Mapping[str, Any]

    @property
    def parameters(self) -> Mapping[str, Any]:
        """All of the experiment's parameters, defaults included."""
        return self.settings["parameters"]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the runs."""
        return tuple(self.settings["seeds"])

    @cached_property
    def identities(self) -> tuple[str, ...]:
        """The identities of the runs, in the order of the seeds."""
        return tuple(run_identities(self.settings))


@dataclass(frozen=True)
class Plan:
    """All that is to be run for one results folder.

    Attributes:
        data: name of the data set; None if the experiment makes its own.
        data_digest: of that data set, or "".
        parameters: of each variant, defaults included.
        seeds: of each variant.
    """

    study: Study
    experiment: Experiment
    data: str | None
    data_digest: str
    parameters: Mapping[str, Mapping[str, Any]]
    seeds: Mapping[str, tuple[int, ...]]
    blocks: tuple[Block, ...]

    @property
    def identities(self) -> list[str]:
        """Every run's identity, by variant, then by seed as given."""
        return [identity for _, _, identity in self.runs]

    @cached_property
    def runs(self) -> list[tuple[str, int, str]]:
        """Every run's variant, seed and identity, in the same order."""
        identities = {
            (block.variant, seed): identity
            for block in self.blocks
            for seed, identity in zip(block.seeds, block.identities, strict=True)
        }
        return [
            (variant, seed, identities[variant, seed])
            for variant, seeds in self.seeds.items()
            for seed in seeds
        ]


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
        seeds: in place of the study's own; of these, a variant that has a number of its own gets
            the first so many.
        variants: only these; all if None.
        override: parameters set for all variants, over what they say.
        data: name of the data set; None if the experiment makes its own.
        data_digest: of that data set.

    Raises:
        StudyError: for an unknown variant, or more runs than there may be.
    """
    experiment, known = find_experiment(study.name), study.all_variants
    parameters = {
        name: experiment.parameters(
            _own_parameters(study, experiment, known[name]) | dict(override or {})
        )
        for name in choose_variants(study, variants)
    }
    variant_seeds = {name: _seeds_of(known[name].seeds, study.seeds, seeds) for name in parameters}
    _refuse_many(sum(map(len, variant_seeds.values())))
    blocks = tuple(
        Block(
            name,
            block_settings(
                code=experiment.code, parameters=parameters[name], seeds=together, data=data_digest
            ),
        )
        for name, together in _rounds(variant_seeds, study.block)
    )
    return Plan(
        study=study,
        experiment=experiment,
        data=data,
        data_digest=data_digest,
        parameters=parameters,
        seeds=variant_seeds,
        blocks=blocks,
    )


def _seeds_of(own: int | str | None, shared: int, seeds: Sequence[int] | None) -> tuple[int, ...]:
    if seeds is None:
        return list_seeds(own or shared)
    return tuple(seeds[: count_seeds(own)] if own else seeds)


def _refuse_many(runs: int) -> None:
    if runs > MAX_RUNS:
        raise StudyError(too_many_runs(runs))


def variant_parameters(study: Study, experiment: Experiment, variant: str) -> dict[str, Any]:
    """Return the parameters that a study sets for a variant, those of its own over the fixed."""
    return _own_parameters(study, experiment, study.all_variants[variant])


def all_parameters(study: Study, variant: str) -> dict[str, Any]:
    """Return all parameters of a variant, defaults included."""
    experiment = find_experiment(study.name)
    return experiment.parameters(variant_parameters(study, experiment, variant))


def differences(study: Study, claim: Claim) -> list[str]:
    """Return the parameters in which a claim's two variants differ; none if it has one."""
    if claim.reference is None:
        return []
    ours, theirs = (all_parameters(study, arm) for arm in (claim.variant, claim.reference))
    return [name for name in ours if ours[name] != theirs[name]]


def _own_parameters(study: Study, experiment: Experiment, variant: Variant) -> dict[str, Any]:
    own = variant.parameters
    return experiment.applicable(study.fixed, own) | own


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
            raise StudyError(unknown("variant", name, known, owner=study.name))
    return [name for name in known if name in variants]


def _rounds(seeds: Mapping[str, Sequence[int]], size: int) -> Iterator[tuple[str, Sequence[int]]]:
    blocks = {name: list(in_blocks(own, size)) for name, own in seeds.items()}
    for turn in range(max(map(len, blocks.values()), default=0)):
        for name, own in blocks.items():
            if own[turn:]:
                yield name, own[turn]
