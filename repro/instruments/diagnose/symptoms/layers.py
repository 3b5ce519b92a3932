"""Symptoms of the layers, before training and in it: dead, saturated, alike, depth, steps."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.setup.anatomy import SATURATING
from repro.instruments.diagnose.setup.setup import Case
from repro.instruments.diagnose.symptoms.definitions import DEFINITIONS, Symptom, percent

Found = Iterator[Symptom]


def of_layers(case: Case, seen: Examination) -> Found:
    """Look at every layer over the steps."""
    steps = seen.layers.groupby(["label", "step"], sort=False)[
        ["dead", "saturated", "alike"]
    ].mean()
    for site in case.sites:
        of = steps.loc[site.label]
        birth, last = of.iloc[0], of.iloc[-1]
        if birth.alike > DEFINITIONS["alike"].threshold:
            yield Symptom("alike", birth.alike, f"{site.label}: all units start alike", site.label)
        if site.is_output:
            yield from _of_dead_output(site.label, seen.layers)
            continue
        dead = f"of {site.units} units"
        if birth.dead > DEFINITIONS["born_dead"].threshold:
            text = f"{site.label}: {percent(birth.dead)} {dead} dead at birth"
            yield Symptom("born_dead", birth.dead, text, site.label)
        worst = of.dead.max() if of.dead.notna().any() else 0.0
        if worst - birth.dead > DEFINITIONS["killed"].threshold:
            # the first checkpoint by which most of those that will die are dead
            reached = of.index[of.dead >= birth.dead + 0.9 * (worst - birth.dead)][0]
            text = f"{site.label}: {percent(worst)} {dead} dead after {reached} steps"
            text += f" ({percent(birth.dead)} at birth)"
            yield Symptom("killed", worst - birth.dead, text, site.label)
        for key, at, when in (("saturated_at_birth", birth, "at birth"), ("saturated", last, "")):
            if at.saturated > DEFINITIONS[key].threshold:
                text = (
                    f"{site.label}: {percent(at.saturated)} of {site.activation} outputs saturated"
                )
                yield Symptom(key, at.saturated, f"{text} {when}".rstrip(), site.label)


def _of_dead_output(label: str, layers: pd.DataFrame) -> Found:
    of = layers[layers.label == label]
    share = of.assign(all_dead=of.dead >= 1).groupby("step").all_dead.mean()
    if share.max() > DEFINITIONS["output_dead"].threshold:
        text = f"{label}: zero for every row in {percent(share.iloc[0])} of the seeds at birth, "
        text += f"in {percent(share.iloc[-1])} after {share.index[-1]} steps"
        yield Symptom("output_dead", share.max(), text, label)


def of_depth(case: Case, seen: Examination) -> Found:
    """Look along the depth, before training, and at the length of steps."""
    hidden = [site.label for site in case.hidden]
    birth = seen.layers[seen.layers.step == 0]
    # the square root of two units' product is between them, so medians over seeds are robust
    at_birth = birth.groupby("label")[["signal", "gradient"]].median()
    if len(hidden) >= 3:
        first, last = at_birth.loc[hidden[0]], at_birth.loc[hidden[-1]]
        ratios = {
            "gradient": (first.gradient, last.gradient, f"{hidden[0]} over {hidden[-1]}"),
            "signal": (last.signal, first.signal, f"{hidden[-1]} over {hidden[0]}"),
        }
        if all(site.activation in SATURATING for site in case.hidden):
            del ratios["signal"]  # their slopes shrink it whatever the weights: see the gradient
        for what, (above, below, where) in ratios.items():
            ratio = above / below if below > 0 else np.nan
            for key in (f"vanishing_{what}", f"exploding_{what}"):
                limit = DEFINITIONS[key].threshold
                if (ratio < limit) if limit < 1 else (ratio > limit):
                    yield Symptom(key, ratio, f"{what}, {where}: {ratio:.2g} at birth")
    ratios_of = seen.layers[seen.layers.step > 0].groupby("label").ratio.median().dropna()
    if not len(ratios_of):
        return
    top = str(ratios_of.idxmax())
    if ratios_of[top] > DEFINITIONS["large_steps"].threshold:
        text = f"{top}: an early step is {percent(ratios_of[top])} of the weights"
        yield Symptom("large_steps", ratios_of[top], text, top)
    if ratios_of[top] < DEFINITIONS["tiny_steps"].threshold:
        text = f"no layer moves by more than {ratios_of[top]:.1g} of its weights a step"
        yield Symptom("tiny_steps", ratios_of[top], text)
