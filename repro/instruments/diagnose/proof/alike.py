"""Let all classes count alike where the trained network hardly ever names a rare one."""

from dataclasses import replace

from repro.instruments.diagnose.measurements.missed import Missed, missed_class
from repro.instruments.diagnose.proof.train import Trained, Trainer, rescored
from repro.instruments.diagnose.setup.task import alike
from repro.instruments.diagnose.symptoms.definitions import DEFINITIONS

SEEDS = 2  # that have to miss the class: one may do so by chance


def count_alike(trainer: Trainer, original: Trained) -> tuple[Trained, Missed | None]:
    """Score the network as it is anew if it misses a rare class; return the class, too.

    Rows would hide it: whoever never names a class of a few rows is right in nearly all others.
    """
    setup = trainer.setup
    if original.model is None:
        return original, None
    missed = missed_class(setup, [original.model(seed) for seed in setup.seeds[:SEEDS]])
    if missed is None or not DEFINITIONS["missed_class"].is_met(missed.missed):
        return original, None
    trainer.setup = replace(setup, task=alike(setup.task, setup.train[1]))
    return rescored(trainer.setup, original), missed
