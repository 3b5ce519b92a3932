"""`repro.diagnose`: examine a network, explain what fails, prove it, report."""

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from repro.instruments.diagnose.changes.catalogue import applicable
from repro.instruments.diagnose.changes.change import NOTHING, Change
from repro.instruments.diagnose.measurements.examination import (
    examine_data,
    with_baselines,
    with_first_steps,
    with_trained,
)
from repro.instruments.diagnose.progress import progress
from repro.instruments.diagnose.proof.alike import count_alike
from repro.instruments.diagnose.proof.length import own_budget, train_as_long
from repro.instruments.diagnose.proof.prove import Say, prove
from repro.instruments.diagnose.proof.retune import retune as retune_rates
from repro.instruments.diagnose.proof.train import Trainer
from repro.instruments.diagnose.report.conclusion import make_suspects
from repro.instruments.diagnose.report.diagnosis import Diagnosis
from repro.instruments.diagnose.setup.budget import FULL_BUDGET
from repro.instruments.diagnose.setup.errors import DiagnoseError
from repro.instruments.diagnose.setup.reading import Data, read, worst_output
from repro.instruments.diagnose.setup.setup import Setup, make_setup
from repro.instruments.diagnose.symptoms.causes import explain
from repro.instruments.diagnose.symptoms.find import find_symptoms
from repro.instruments.diagnose.symptoms.symptom import Symptom
from repro.instruments.diagnose.symptoms.written import written_symptoms
from repro.training.checks import names_checked

SEEDS = 10
FOR_FIRST_STEPS = 0.1  # of the budget; then no other seed's first steps are measured


@names_checked
def diagnose(
    build: Callable[[], Any],
    x: Any,
    y: Any = None,
    *,
    validation_data: tuple[Any, Any] | None = None,
    epochs: int | None = None,
    batch_size: int = 32,
    seeds: int | Sequence[int] = SEEDS,
    shuffle: bool = True,
    sample_weight: Any = None,
    class_weight: dict[int, float] | None = None,
    budget: float = FULL_BUDGET,
    retune: bool = False,
    verbose: int | str = "auto",
) -> Diagnosis:
    """Examine a network over seeds, explain what fails, and try every change that applies.

    Args:
        build: returns a compiled Keras model; called without arguments, as by `fit_seeds`.
        x: inputs, an array of shape (n, …), or a list or dict of them; or a `tf.data.Dataset`
            of batches, whose batch size, weights and order are taken as they come; or all in one
            tuple, (x, y) or (x, y, x_val, y_val).
        y: targets of shape (n,), (n, columns) or, of a class a step or pixel, (n, steps …); of
            several outputs a list or dict, of which the worst output is diagnosed.
        validation_data: (x, y) to take the score on, or a data set; a fifth of the rows is held
            out if None.
        epochs: passes over the data, as the network is trained; enough for 600 steps if None.
        batch_size: samples a step.
        seeds: non-negative integers, no two alike; or how many, from 0.
        shuffle: as `fit` is called: whether every epoch takes the rows in another order.
        sample_weight: a weight for each row, as in `fit`.
        class_weight: a weight for each class, as in `fit`.
        budget: seconds, of two cores; it decides beforehand how many rows and epochs are trained,
            and while running which trials are left out.
        retune: compare the best change with the original at the best rate of each, too.
        verbose: 1 shows a bar, 0 nothing; "auto" shows one in a terminal or a notebook.

    Returns:
        A `Diagnosis`; print it, or read `.verdict`, `.cause`, `.change`, `.code`, `.table`.

    Raises:
        DiagnoseError: for what can't be diagnosed, before any training.

    Examples:
        Softmax over one unit is always 1:

        >>> import keras, numpy as np
        >>> from repro import diagnose
        >>> def build():
        ...     layers = [keras.layers.Dense(8, "relu"), keras.layers.Dense(1, "softmax")]
        ...     model = keras.Sequential([keras.Input((2,)), *layers])
        ...     model.compile("adam", "binary_crossentropy")
        ...     return model
        >>> x = np.random.default_rng(0).normal(size=(200, 2))
        >>> y = (x[:, 0] > x[:, 1]).astype(int)
        >>> diagnosis = diagnose(build, x, y, epochs=20, seeds=3, retune=False)
        >>> diagnosis.verdict, diagnosis.cause
        ('proven', 'output_loss')
    """
    start = time.monotonic()
    if not budget > 0:
        raise DiagnoseError(f"budget must be positive seconds, got {budget!r}")
    data = Data(x=x, y=y, validation_data=validation_data, sample_weight=sample_weight)
    data = read(replace(data, batch_size=batch_size, shuffle=shuffle, class_weight=class_weight))
    with progress(verbose, budget) as say, warnings.catch_warnings():
        # what Keras warns of is examined, and models are built over and over
        warnings.simplefilter("ignore")
        build, data, notes, joint = worst_output(build, data, epochs)
        setup = make_setup(build, **vars(data), epochs=epochs, seeds=seeds, budget=budget)
        setup = replace(setup, notes=(*notes, *setup.notes), joint=joint)
        trainer = Trainer(setup, start + budget)
        diagnosis = _diagnose(setup, trainer, retune, say)
        return replace(diagnosis, seconds=time.monotonic() - start)


def _diagnose(setup: Setup, trainer: Trainer, retune: bool, say: Say) -> Diagnosis:
    is_said = _say_first_suspect(list(written_symptoms(setup)), say, facts_alone=True)
    examination = examine_data(setup)
    if not is_said:
        _say_first_suspect(find_symptoms(setup, examination, None), say)
    say("first steps", 0, 2)
    examination = with_first_steps(examination, setup, FOR_FIRST_STEPS * trainer.budget)
    say("the network as it is", 1, 2)
    original = train_as_long(trainer, trainer.spare(trainer.train(NOTHING)), say)
    original, missed = count_alike(trainer, original)
    setup = trainer.setup
    if missed is not None:
        examination = replace(with_baselines(examination, setup), missed=missed)
    examination = with_trained(examination, setup, original.model, original.fails)
    symptoms = find_symptoms(setup, examination, original.curve)
    findings = explain(symptoms)
    suspects = make_suspects(findings, symptoms)
    changes = applicable(setup, examination, symptoms)
    diagnosis = Diagnosis(
        setup=setup,
        examination=examination,
        symptoms=symptoms,
        findings=findings,
        proof=prove(
            original,
            changes,
            suspects,
            trainer=trainer,
            say=say,
            baseline=examination.baseline,
            own_budget=own_budget(trainer, original, symptoms),
        ),
    )
    if retune:
        retune_rates(diagnosis.proof, _to_retune(diagnosis), trainer, say)
    return diagnosis


def _say_first_suspect(symptoms: Sequence[Symptom], say: Say, *, facts_alone: bool = False) -> bool:
    """Say what code or data point at, before anything is trained; facts go before suspicions.

    A suspicion of the code waits until the data were looked at, which may hold a fact.
    """
    findings = sorted(explain(symptoms), key=lambda finding: not finding.is_certain)
    findings = [f for f in findings if f.is_certain or not facts_alone]
    for finding in findings[:1]:
        say(f"first suspect: {finding.title} ({finding.signs[0].says})", 0, 0)
    return bool(findings)


def _to_retune(diagnosis: Diagnosis) -> list[Change]:
    """Return the change that recovers, unless it is the rate itself that it changes."""
    chosen = diagnosis.change
    return [chosen.change] if chosen and not chosen.change.changes_optimizer else []
