"""Train the network as it is for as long as the user does, where the budget cut that short."""

import math
from collections.abc import Sequence
from dataclasses import replace

from repro.instruments.diagnose.changes.change import NOTHING
from repro.instruments.diagnose.proof.prove import GOOD, ROUND_BUDGET, Say
from repro.instruments.diagnose.proof.train import Trained, Trainer, train
from repro.instruments.diagnose.symptoms.definitions import FEW_EPOCHS
from repro.instruments.diagnose.symptoms.symptom import Symptom

SHARE = 1 / 3  # of the time left, that the longer training may take; the rest is for changes
WORTH = 1.2  # times the epochs, from which on a longer training tells more
LONG = replace(NOTHING, key="as_is_longer")  # not checked against `fit` a second time


def train_as_long(trainer: Trainer, original: Trained, say: Say) -> Trained:
    """Return the network as it is in the user's own steps, or in as many as there is time for.

    What has not learned only because the budget cut its training is no fault: changes have to gain
    over what it reaches by itself. Fewer steps are kept where more do no better.
    """
    setup = trainer.setup
    epochs = _affordable_epochs(trainer)
    is_settled = original.test.mean() >= GOOD or original.fails
    if is_settled or epochs < WORTH * setup.epochs:
        return original
    say(f"the network as it is, {epochs} epochs", 1, 2)
    longer = train(replace(setup, epochs=epochs), LONG, setup.seeds)
    trainer.length = epochs / setup.epochs
    if longer.test.mean() <= original.test.mean():
        return original
    note = f"the network as it is has {epochs} epochs (within the budget)"
    trainer.setup = replace(setup, notes=(*setup.notes, note))
    return replace(longer, change=NOTHING)


def _affordable_epochs(trainer: Trainer) -> int:
    paid = SHARE * trainer.left / max(trainer.longest, 1e-9)
    return math.ceil(min(_missing(trainer), paid) * trainer.setup.epochs)


def own_budget(trainer: Trainer, original: Trained, symptoms: Sequence[Symptom]) -> int:
    """Return the seconds in which the user's own steps could be trained; 0 if nothing is open.

    Open is what more steps would do to a network that had fewer than the user's, and whose loss
    still falls, or that had too few epochs to tell.
    """
    missing = _missing(trainer)
    is_long = WORTH * trainer.length > missing
    if is_long or original.test.mean() >= GOOD or original.curve is None:
        return 0
    keys = {symptom.key for symptom in symptoms}
    is_short = original.curve.epoch.nunique() <= FEW_EPOCHS
    if "nan_loss" in keys or not ("slow" in keys or is_short):
        return 0
    spent = trainer.budget - trainer.left
    needed = spent + missing * trainer.longest / SHARE
    return ROUND_BUDGET * math.ceil(needed / ROUND_BUDGET)


def _missing(trainer: Trainer) -> float:
    """Return how many times longer the user's own training is."""
    return trainer.setup.own_steps / trainer.setup.steps if trainer.setup.cut_short else 1.0
