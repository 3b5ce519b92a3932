"""Symptoms of the training: what becomes of loss, predictions and score over the seeds."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.setup.setup import Case
from repro.instruments.diagnose.setup.task import margin, skill
from repro.instruments.diagnose.symptoms.definitions import DEFINITIONS, Symptom, percent

Found = Iterator[Symptom]


def of_training(case: Case, seen: Examination, curve: pd.DataFrame) -> Found:
    """Look at what becomes of loss, predictions and skill."""
    loss = curve.pivot_table(index="seed", columns="epoch", values="loss", dropna=False)
    last = curve.groupby("seed").last()
    train = skill(case.task, last.score, case.train[1])
    test = skill(case.task, last.val_score, case.test[1])
    first = seen.outputs[seen.outputs.step == 0].set_index("seed").loss.reindex(loss.index)
    final = loss.iloc[:, -1]
    finite = np.isfinite(loss.to_numpy(float)).all(axis=1)
    shares = {
        "nan_loss": (1 - finite.mean(), "the loss is not finite"),
        "diverges": (float((final[finite] > first[finite]).mean()) if finite.any() else 0.0,
                     f"the loss ends above where it started (median {final.median():.3g} after "
                     f"{first.median():.3g})"),
        "stalls": (float((train < 0.05).mean()), "the network ends no better than a constant"),
        "useless": (float((test < 0.05).mean()) if case.tested_on != "training rows" else 0.0,
                    f"it is no better than a constant on {case.tested_on}"),
        "constant": (_constant(seen), "the predictions are the same for every row"),
        "some_seeds": (float((train < train.max() / 2).mean()) if train.max() > 0.1 else 0.0,
                       f"skill stays below half of the best seed's {train.max():.2f}"),
    }  # fmt: skip
    for key, (share, text) in shares.items():
        if share > DEFINITIONS[key].threshold:
            yield Symptom(key, share, f"{text} in {percent(share)} of {len(loss)} seeds")
    yield from _of_fit(case, seen, float(train.mean()), float(test.mean()))
    falls = (loss.iloc[:, 0] - final).median()
    late = (loss.iloc[:, int(0.8 * (loss.shape[1] - 1))] - final).median()
    if falls > 0 and late / falls > DEFINITIONS["slow"].threshold and loss.shape[1] > 5:
        text = f"{percent(late / falls)} of the loss's fall comes in the last fifth of training"
        yield Symptom("slow", late / falls, text)


def _constant(seen: Examination) -> float:
    return float(seen.outputs[seen.outputs.step == seen.outputs.step.max()].constant.mean())


def _of_fit(case: Case, seen: Examination, train: float, test: float) -> Found:
    if seen.linear - test > margin(case.task, max(seen.linear, test), case.test[1]):
        text = f"skill {test:.2f} on {case.tested_on}, that of ridge regression {seen.linear:.2f}"
        yield Symptom("below_linear", seen.linear - test, text)
    if train - test > DEFINITIONS["overfits"].threshold:
        text = f"skill {train:.2f} on the training rows, {test:.2f} on {case.tested_on}"
        yield Symptom("overfits", train - test, text)
