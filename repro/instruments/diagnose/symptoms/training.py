"""Symptoms of the training: what becomes of loss, predictions and skill over the seeds."""

import numpy as np
import pandas as pd

from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.setup.anatomy import has_own_steps
from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.compiled import as_written
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.skill import margin, skill
from repro.instruments.diagnose.symptoms.definitions import (
    ADAMS,
    FAILURES,
    FEW_EPOCHS,
    LEARNED_SKILL,
    USELESS_SKILL,
)
from repro.instruments.diagnose.symptoms.symptom import Symptoms, detect, percent

RISE = 0.01  # of the first loss: what is less is no divergence
SMALLEST_LOSS = 1e-12
EARLY = 0.8  # of the training; what comes after it is its last fifth


def training_symptoms(setup: Setup, examination: Examination, curve: pd.DataFrame) -> Symptoms:
    """Look at loss, predictions and skill; `curve` is `fit_seeds`' frame of the original."""
    symptoms = list(_symptoms(setup, examination, curve))
    yield from symptoms
    name = setup.compiled.optimizer
    if not any(symptom.key in FAILURES for symptom in symptoms):
        return
    if name not in ADAMS:
        yield from detect("other_optimizer", 1, f"the optimizer is {name}")
    if has_own_steps(setup.build()):
        yield from detect("own_steps", 1, "the model trains by steps of your own")
    usual = float(np.asarray(type(setup.optimizer)().learning_rate))
    if setup.compiled.rate >= as_written(usual):
        text = f"training takes {setup.own_steps} steps in all, at {name}'s usual rate or above"
        yield from detect("few_steps", setup.own_steps, text)


def _symptoms(setup: Setup, examination: Examination, curve: pd.DataFrame) -> Symptoms:
    loss = curve.pivot_table(index="seed", columns="epoch", values="loss", dropna=False)
    last = curve.groupby("seed").last()
    train = skill(setup.task, last.score, setup.train[1])
    test = skill(setup.task, last.val_score, setup.test[1])
    yield from _loss_symptoms(loss, examination.outputs)
    yield from _skill_symptoms(setup, train, test)
    outputs = examination.outputs
    constant = float(outputs[outputs.step == outputs.step.max()].constant.mean())
    text = "the predictions are the same for every row"
    yield from _detect_in_seeds("constant", constant, text, len(loss))
    yield from _fit_symptoms(setup, examination, float(train.mean()), float(test.mean()))
    text = (
        f"{percent(examination.renamed)} more of the {setup.tested_on} are right once the classes "
    )
    yield from detect("labels_renamed", examination.renamed, f"{text}of its labels are renamed")
    yield from _slow_symptoms(loss)


def _detect_in_seeds(key: str, share: float, says: str, seeds: int) -> Symptoms:
    yield from detect(key, share, f"{says} in {percent(share)} of {seeds} seeds")


def _loss_symptoms(loss: pd.DataFrame, outputs: pd.DataFrame) -> Symptoms:
    first = outputs[outputs.step == 0].set_index("seed").loss.reindex(loss.index)
    final = loss.iloc[:, -1]
    finite = np.isfinite(loss.to_numpy(float)).all(axis=1)
    text = "the loss is not finite"
    yield from _detect_in_seeds("nan_loss", float(1 - finite.mean()), text, len(loss))
    known = finite & first.notna().to_numpy()  # of some seeds the first steps weren't measured
    if known.any():
        rise = (final - first)[known] / first[known].abs().clip(lower=SMALLEST_LOSS)
        rises = float((rise > RISE).mean())
        ends, starts = (losses[known][rise > RISE].median() for losses in (final, first))
        text = f"the loss ends above where it started (their median {ends:.3g} after {starts:.3g})"
        yield from _detect_in_seeds("diverges", rises, text, int(known.sum()))


def _skill_symptoms(setup: Setup, train: Array, test: Array) -> Symptoms:
    text = "it is no better than a constant on the training rows"
    share = float((train < USELESS_SKILL).mean())
    yield from _detect_in_seeds("stalls", share, text, len(train))
    if setup.tested_on != "training rows":
        text = f"it is no better than a constant on {setup.tested_on}"
        share = float((test < USELESS_SKILL).mean())
        yield from _detect_in_seeds("useless", share, text, len(test))
    if train.max() > LEARNED_SKILL:
        text = f"skill stays below half of the best seed's {train.max():.2f}"
        half = train.max() / 2
        share = float((train < half).mean())
        yield from _detect_in_seeds("some_seeds", share, text, len(train))


def _fit_symptoms(setup: Setup, examination: Examination, train: float, test: float) -> Symptoms:
    linear, neighbours = examination.linear, examination.neighbours
    # rows that are all right leave no error to estimate one from: count half a row as wrong
    best = min(max(linear, test), 1 - 1 / (2 * len(setup.test[1])))
    if linear - test > margin(setup.task, best, setup.test[1]):
        text = f"skill {test:.2f} on {setup.tested_on}, that of ridge regression {linear:.2f}"
        yield from detect("below_linear", linear - test, text)
    text = f"skill {test:.2f} on {setup.tested_on}, that of the nearest rows {neighbours:.2f}"
    yield from detect("below_neighbours", neighbours - test, text)
    text = f"skill {train:.2f} on the training rows, {test:.2f} on {setup.tested_on}"
    yield from detect("overfits", train - test, text)


def _slow_symptoms(loss: pd.DataFrame) -> Symptoms:
    epochs, final = loss.shape[1], loss.iloc[:, -1]
    fall = (loss.iloc[:, 0] - final).median()
    late = (loss.iloc[:, int(EARLY * (epochs - 1))] - final).median()
    if fall > 0 and epochs > FEW_EPOCHS:
        text = f"{percent(late / fall)} of the loss's fall comes in the last fifth of training"
        yield from detect("slow", late / fall, text)
