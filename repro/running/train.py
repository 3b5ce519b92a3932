"""Train one block: from an experiment's data frames to the runs that the store holds."""

import time

from repro.store.runs import StoredRun
from repro.store.shape import wrong_numbers
from repro.study.errors import StudyError
from repro.study.experiments import find_experiment
from repro.study.plan import Block


def train_block(name: str, data: str | None, block: Block) -> list[StoredRun]:
    """Run the experiment of that name on one block.

    Raises:
        StudyError: if the experiment returns other tables than it should, or a number that is out
            of its metric's range.
    """
    experiment = find_experiment(name)
    start = time.perf_counter()
    by_seed = experiment.run(block.seeds, data, block.parameters)
    seconds = (time.perf_counter() - start) / len(block.seeds)
    for seed, (metrics, curve) in by_seed.items():
        if wrong := wrong_numbers(metrics, curve, experiment.metrics):
            raise StudyError(f"seed {seed} {wrong}")
    return [
        StoredRun(
            identity=identity,
            variant=block.variant,
            seed=seed,
            metrics=by_seed[seed][0],
            curve=by_seed[seed][1],
            seconds=seconds,
        )
        for seed, identity in zip(block.seeds, block.identities, strict=True)
    ]
