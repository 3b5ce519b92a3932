"""Diagnose published faults, beside two other ways to spend the same number of trainings.

(a) "random": changes drawn at random from those that apply; (b) "commonest": changes in the order
of how common their cause is. Both take the change with the best skill for the remedy, and the cause
that it removes for the cause. A change counts as recovering by plain `keras.Model.fit` over five
seeds, none of which `diagnose` has trained.
"""

import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.faults.fault import Fault
from repro.findings.markdown import markdown_table

RESULTS = Path(__file__).parent.parent / "results"
FRESH_SEEDS = range(100, 105)
COMMONEST = (
    "input_scale",
    "output_loss",
    "rate_high",
    "rate_low",
    "epochs",
    "labels_encoding",
    "unreachable",
    "relu_output",
    "output_width",
    "linear_stack",
    "narrow",
    "no_hidden",
    "loss_choice",
    "target_scale",
    "initial_weights",
    "vanishing",
    "large_batch",
    "dropout",
    "penalty",
)
"""Causes by how common they are in Humbatova et al. 2020, as far as their groups tell; ours."""
COLUMNS = ("fault", "method", "causes", "cause", "cause_right", "proven", "change", "recovers")


def fault_set(name: str) -> Sequence[Fault]:
    """Return the faults of a set, a module of this folder."""
    faults: Sequence[Fault] = import_module(f"bench.faults.{name}").FAULTS
    return faults


def contest(fault: Fault, budget: float, *, alone: bool = False) -> list[dict[str, Any]]:
    """Return a row for each way to look for the cause; for `diagnose` alone if asked for."""
    from repro.instruments.diagnose import diagnose

    x, y, *validation = fault.data()
    start, start_of_work = time.monotonic(), time.process_time()
    diagnosis = diagnose(
        fault.build,
        x,
        y,
        validation_data=tuple(validation) or None,
        epochs=fault.epochs,
        batch_size=fault.batch_size,
        budget=budget,
        **fault.options,
    )
    seconds = {
        "seconds": round(time.monotonic() - start),
        "cpu_seconds": round(time.process_time() - start_of_work),
    }
    chosen = diagnosis.change.change if diagnosis.change else None
    rows = [
        _row(fault, "diagnose", diagnosis, cause=diagnosis.cause, change=chosen)
        | {"proven": diagnosis.verdict == "proven", "verdict": diagnosis.verdict}
    ]
    trainings = len(diagnosis.proof.judged)
    rows += [] if alone else _others(fault, diagnosis, max(trainings, 1))
    return [row | seconds | {"trainings": trainings} for row in rows]


def _others(fault: Fault, diagnosis: Any, trainings: int) -> list[dict[str, Any]]:
    """Return a row for each of the two other ways to spend as many trainings."""
    rows, pool = [], _pool(diagnosis)
    for method, order in (("random", _shuffled(pool, fault.name)), ("commonest", _common(pool))):
        best = _best(diagnosis, order[:trainings])
        cause = next(iter(best.removes or best.treats), "") if best else ""
        rows.append(_row(fault, method, diagnosis, cause=cause, change=best))
    return rows


def _row(fault: Fault, method: str, diagnosis: Any, *, cause: str, change: Any) -> dict[str, Any]:
    return {
        "fault": fault.name,
        "method": method,
        "causes": " or ".join(fault.causes) or "healthy",
        "cause": cause,
        "cause_right": cause in fault.causes if fault.causes else not change,
        "proven": False,
        "change": change.key if change else "",
        "recovers": bool(change) and _recovers(diagnosis, change),
    }


def _pool(diagnosis: Any) -> list[Any]:
    from repro.instruments.diagnose.changes.catalogue import applicable

    return applicable(diagnosis.setup, diagnosis.examination, diagnosis.symptoms)


def _shuffled(pool: list[Any], name: str) -> list[Any]:
    order = np.random.default_rng(sum(map(ord, name))).permutation(len(pool))
    return [pool[i] for i in order]


def _common(pool: list[Any]) -> list[Any]:
    def place(change: Any) -> int:
        known = [COMMONEST.index(cause) for cause in change.removes if cause in COMMONEST]
        return min(known, default=len(COMMONEST))

    return sorted(pool, key=place)


def _best(diagnosis: Any, changes: Sequence[Any]) -> Any:
    """Train the changes, and return the best one that gains the margin; None if none does."""
    from repro.instruments.diagnose.proof.train import train

    known = {judged.change.key: judged.trained for judged in diagnosis.proof.judged}
    seeds, original = diagnosis.setup.seeds, diagnosis.proof.original.test
    skills = {
        change.key: (known.get(change.key) or train(diagnosis.setup, change, seeds)).test.mean()
        for change in changes
    }
    best = max(changes, key=lambda change: skills[change.key], default=None)
    is_better = best and skills[best.key] - original.mean() >= diagnosis.proof.margin
    return best if is_better else None


def _recovers(diagnosis: Any, change: Any) -> bool:
    """Tell whether a change recovers under plain `fit`, from seeds that were not trained yet."""
    from repro.instruments.diagnose.changes.change import NOTHING

    original, changed = (_plain_skill(diagnosis.setup, c) for c in (NOTHING, change))
    proof = diagnosis.proof
    return changed >= proof.deserved and changed - original >= proof.margin


def _plain_skill(setup: Any, change: Any) -> float:
    import keras

    from repro.instruments.diagnose.changes.change import changed_build, changed_metric
    from repro.instruments.diagnose.proof.train import weights_of
    from repro.instruments.diagnose.setup.skill import skill

    pairs = change.rows(setup.train, setup.test) if change.rows else (setup.train, setup.test)
    train, test = change.data(*pairs) if change.data else pairs
    scores, score = [], changed_metric(setup, change, setup.task)
    for seed in FRESH_SEEDS:
        keras.utils.set_random_seed(seed)
        model = changed_build(setup, change)()
        try:
            model.fit(
                *train,
                epochs=setup.epochs * change.epochs,
                batch_size=change.batch_size or setup.batch_size,
                shuffle=setup.shuffle or change.shuffle,
                sample_weight=weights_of(setup, change, pairs[0][1]),
                verbose=0,
            )
            # a loss of the model's own may leave out the metrics
            hits = score(np.asarray(test[1], float), model.predict(test[0], verbose=0))
            scores.append(float(np.mean(np.asarray(hits))))
        except Exception:  # what TensorFlow says of labels that don't fit: it hasn't learned
            scores.append(np.nan)
    return float(skill(setup.task, np.array(scores), pairs[1][1], change.unit).mean())


def record(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Put a fault's rows into the set's table, in place of its last ones; return the table."""
    path = RESULTS / f"diagnose_{name}.csv"
    old = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=["fault"])
    kept = old[~old.fault.isin({row["fault"] for row in rows})]
    frame = pd.concat([kept, pd.DataFrame(rows)], ignore_index=True)
    order = {fault.name: i for i, fault in enumerate(fault_set(name))}
    frame = frame.sort_values("fault", key=lambda c: c.map(order), kind="stable")
    frame.to_csv(path, index=False, lineterminator="\n")
    return frame


def table(name: str, rows: pd.DataFrame) -> str:
    """Return what was found for each fault, and what share of the causes is right, as Markdown."""
    rows = rows.fillna({"cause": "", "change": ""})
    alone = rows[rows.method == "diagnose"]
    cells = [_cells(row) for row in alone.itertuples()]
    headings = ("program", "published cause", "found", "change", "recovers", "seconds")
    compared = rows[rows.groupby("fault").method.transform("nunique") > 1]
    share = f"{len(alone)} of the {len(fault_set(name))} programs of the set were run.  "
    lines = [markdown_table(headings, cells), "", share, _sentence("Of these", alone, "diagnose")]
    lines += [
        _sentence(f"Of the {compared.fault.nunique()} tried in all three ways", compared, name)
        for name in ("diagnose", "random", "commonest")
        if len(compared)
    ]
    return "\n".join(lines)


def _cells(row: Any) -> tuple[str, ...]:
    right = "" if row.cause_right else " **wrong**"
    verdict = f"{row.cause or '–'} ({row.verdict}){right}"
    recovers = "yes" if row.recovers else "–" if row.causes == "healthy" else "**no**"
    return row.fault, row.causes, verdict, row.change or "–", recovers, f"{row.seconds:.0f}"


def _sentence(title: str, rows: pd.DataFrame, method: str) -> str:
    """Say what one way reached: recall and precision of causes, recoveries, false alarms."""
    reached = summary(rows).loc[method]
    healthy = rows[(rows.causes == "healthy") & (rows.method == method)]
    alarms = int(_are_alarms(healthy).sum())
    right, recovers = (
        f"{reached[share] * reached.programs:.0f}" for share in ("recall", "recovers")
    )
    return (
        f"{title}, {method}: cause right for {right} of {reached.programs:.0f} faulty programs"
        f"{_unproven(rows, method)}, precision {reached.precision:.2f}, a change that recovers for "
        f"{recovers}, false alarms {alarms} of {len(healthy)} healthy ones, "
        f"{reached.median_seconds:.0f} seconds in the median{_of_work(rows)}.  "
    )


def _are_alarms(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Tell which rows say that something is wrong, with a change against it or without."""
    return (rows.change != "") | ~rows.verdict.fillna("fine").isin(["fine"])


def _unproven(rows: pd.DataFrame, method: str) -> str:
    """Say how many of the causes that are right are first suspects that no change speaks for."""
    sick = rows[(rows.method == method) & (rows.causes != "healthy")]
    suspects = (sick.verdict == "not proven") & sick.cause_right.astype(bool)
    return f" ({suspects.sum()} of them as a first suspect only)" if suspects.any() else ""


def _of_work(rows: pd.DataFrame) -> str:
    """Say how much processor time it took, of the programs for which that was measured."""
    measured = rows.cpu_seconds.dropna()
    if measured.empty:
        return ""
    return f" ({measured.median():.0f} of processor time, over {len(measured)} programs)"


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Return recall and precision of causes, recoveries, false alarms and seconds by method.

    Recall: share of the sick programs whose cause is named; precision: share of the causes named,
    false alarms among them, that are right.
    """
    rows = rows.fillna({"cause": "", "change": ""})
    sick = rows[rows.causes != "healthy"]
    healthy = rows[rows.causes == "healthy"]
    named = rows[(rows.cause != "") & ((rows.causes != "healthy") | _are_alarms(rows))]
    right = named.cause_right.astype(bool) & (named.causes != "healthy")
    return pd.DataFrame(
        {
            "recall": sick.groupby("method").cause_right.mean(),
            "precision": right.groupby(named.method).mean(),
            "recovers": sick.groupby("method").recovers.mean(),
            "false_alarms": _are_alarms(healthy).groupby(healthy.method).sum(),
            "programs": sick.groupby("method").size(),
            "median_seconds": rows.groupby("method").seconds.median(),
        }
    ).loc[[m for m in ("diagnose", "random", "commonest") if m in set(rows.method)]]
