"""Symptoms of the layers, before training and in it: dead, saturated, alike, depth, steps."""

import pandas as pd

from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.setup.anatomy import SATURATING, Site
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.symptoms.definitions import FEWEST_LAYERS
from repro.instruments.diagnose.symptoms.symptom import Symptoms, detect, percent

MOST_DEATHS = 0.9  # share of the units that die, at which their death is dated


def layer_symptoms(setup: Setup, examination: Examination) -> Symptoms:
    """Look at every layer over the steps."""
    columns = ["dead", "saturated", "alike"]
    means = examination.layers.groupby(["label", "step"], sort=False)[columns].mean()
    for site in setup.sites:
        steps = means.loc[site.label]
        alike = float(steps.alike.iloc[0])
        yield from detect("alike", alike, f"{site.label}: all units start alike", site.label)
        if site.is_output:
            yield from _dead_output_symptoms(site.label, examination.layers)
        else:
            yield from _death_symptoms(site, steps.dead)
            yield from _saturation_symptoms(site, steps.saturated)


def _death_symptoms(site: Site, dead: pd.Series) -> Symptoms:
    birth, worst = dead.iloc[0], dead.max() if dead.notna().any() else 0.0
    units = f"of {site.units} units dead"
    text = f"{site.label}: {percent(birth)} {units} at birth"
    yield from detect("born_dead", birth, text, site.label)
    killed = worst - birth
    if killed > 0:
        # the first checkpoint by which most of those that will die are dead
        reached = dead.index[dead >= birth + MOST_DEATHS * killed][0]
        text = f"{site.label}: {percent(worst)} {units} after {reached} steps"
        text += f" ({percent(birth)} at birth)"
        yield from detect("killed", killed, text, site.label)


def _saturation_symptoms(site: Site, saturated: pd.Series) -> Symptoms:
    birth, last = saturated.iloc[0], saturated.iloc[-1]
    outputs = f"of {site.activation} outputs saturated"
    text = f"{site.label}: {percent(birth)} {outputs} at birth"
    yield from detect("saturated_at_birth", birth, text, site.label)
    yield from detect("saturated", last, f"{site.label}: {percent(last)} {outputs}", site.label)


def _dead_output_symptoms(label: str, layers: pd.DataFrame) -> Symptoms:
    output = layers[layers.label == label]
    share = output.assign(all_dead=output.dead >= 1).groupby("step").all_dead.mean()
    text = f"{label}: zero for every row in {percent(share.iloc[0])} of the seeds at birth, "
    text += f"in {percent(share.iloc[-1])} after {share.index[-1]} steps"
    yield from detect("output_dead", share.max(), text, label)


def depth_symptoms(setup: Setup, examination: Examination) -> Symptoms:
    """Compare the first and the last hidden layer before training."""
    hidden = [site.label for site in setup.hidden]
    if len(hidden) < FEWEST_LAYERS:
        return
    birth = examination.layers[examination.layers.step == 0]
    # the square root of two units' product is between them, so medians over seeds are robust
    medians = birth.groupby("label")[["signal", "gradient"]].median()
    first, last = medians.loc[hidden[0]], medians.loc[hidden[-1]]
    if last.gradient > 0:
        ratio = first.gradient / last.gradient
        text = f"gradient, {hidden[0]} over {hidden[-1]}: {ratio:.2g} at birth"
        yield from detect("vanishing_gradient", ratio, text)
        yield from detect("exploding_gradient", ratio, text)
    # slopes of layers that saturate shrink the signal whatever the weights: see the gradient
    if first.signal > 0 and not all(site.activation in SATURATING for site in setup.hidden):
        ratio = last.signal / first.signal
        text = f"signal, {hidden[-1]} over {hidden[0]}: {ratio:.2g} at birth"
        yield from detect("vanishing_signal", ratio, text)
        yield from detect("exploding_signal", ratio, text)


def step_symptoms(setup: Setup, examination: Examination) -> Symptoms:
    """Compare the length of early steps with that of the weights."""
    layers = examination.layers
    ratios = layers[layers.step > 0].groupby("label").ratio.median().dropna()
    if not len(ratios):
        return
    largest, ratio = str(ratios.idxmax()), float(ratios.max())
    text = f"{largest}: an early step is {percent(ratio)} of the weights"
    yield from detect("large_steps", ratio, text, largest)
    text = f"no layer moves by more than {ratio:.1g} of its weights a step"
    if ratio == 0:
        text = "no weight moves at all: every gradient is 0"
    yield from detect("tiny_steps", ratio, text)
