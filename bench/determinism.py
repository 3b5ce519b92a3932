"""`python -m bench.determinism`: find the settings of a machine that change a run's bits.

Every line trains a block in a process of its own, as a worker does, with one thing changed, and
compares the first seed's run with the unchanged one. The settings are those of a study's workers:
one thread, the flags as they are.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pandas as pd

from bench.pages import splice
from repro.app.cli.options import SeedsType
from repro.findings.markdown import markdown_table

RESULTS = Path(__file__).parent / "results" / "determinism.csv"
PAGE = Path(__file__).parent.parent / "docs" / "determinism.md"
SEEDS = 4  # of a block

# a study's variant, its data set, parameters that make it quick, and the metric to show
TRAININGS: dict[str, tuple[str, str | None, dict[str, Any], str]] = {
    "mnist_relu": ("relu_scaled", "mnist5k", {"epochs": 2}, "train_loss"),
    "four_layers": ("sigmoid_posted", "mnist5k", {"images": 2000}, "cosine_first"),
    "add_numbers": ("relu_linear", None, {"epochs": 2000}, "mse"),
    "truth_table": ("sigmoid_posted", None, {"iterations": 20_000}, "mean_abs_error"),
}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
CHANGES: dict[str, dict[str, str]] = {
    "another process": {},
    "two threads": dict.fromkeys((*THREADS, "NUMBA_NUM_THREADS"), "2"),
    "oneDNN off": {"TF_ENABLE_ONEDNN_OPTS": "0"},
    "XLA compiles": {"TF_XLA_FLAGS": "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit"},
    "AVX2, not AVX-512": {
        "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX",
        "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma",
        "NUMBA_CPU_NAME": "haswell",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
    },
}
ALONE = "the seed alone, not in a block of four"


def first_run(
    name: str, changed: dict[str, str], seeds: int = SEEDS, first: int = 0
) -> tuple[Any, Any]:
    """Train a block in a process of its own; returns metrics and curve of its first seed."""
    from repro.running.processes import ONE_THREAD

    process = subprocess.run(
        [
            sys.executable,
            "-m",
            "bench.determinism",
            "--only",
            name,
            f"--seeds={first}:{first + seeds}",
        ],
        env=os.environ | ONE_THREAD | {"KERAS_BACKEND": "tensorflow"} | changed,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    metrics, curve = json.loads(process.stdout)
    return metrics, curve


def train(name: str, seeds: tuple[int, ...]) -> str:
    """Train a block here; returns metrics and curve of its first seed as JSON, every bit of it."""
    from repro.running.train import train_block
    from repro.study.plan import make_plan
    from repro.study.schema import load_study

    variant, data, override, _ = TRAININGS[name]
    study = load_study(name)
    plan = make_plan(study, seeds=seeds, variants=[variant], override=override, data=data)
    first, *_ = train_block(name, data, plan.blocks[0])
    return json.dumps([first.metrics, first.curve])


def compare(name: str) -> list[dict[str, Any]]:
    """Return one row a change: is the run the same, bit by bit, and what became of its metric."""
    metric = TRAININGS[name][3]
    unchanged = first_run(name, {})
    results = {change: first_run(name, settings) for change, settings in CHANGES.items()}
    results[ALONE] = first_run(name, {}, seeds=1)
    return [
        {
            "experiment": name,
            "changed": change,
            "same_bits": "yes" if repr(result) == repr(unchanged) else "no",
            "metric": metric,
            "before": unchanged[0][metric],
            "after": result[0][metric],
        }
        for change, result in results.items()
    ]


def in_markdown(table: pd.DataFrame) -> str:
    """Return the table for the page: a line a change, a column an experiment."""
    rows = []
    for changed, trained in table.groupby("changed", sort=False):
        cells = trained.set_index("experiment").loc[list(TRAININGS)]
        rows.append([str(changed), *(_cell(row) for row in cells.itertuples())])
    return markdown_table(["changed", *TRAININGS], rows)


def _cell(row: Any) -> str:
    if row.same_bits == "yes":
        return "same bits"
    difference = abs(row.after - row.before)
    return "other bits" + (f", {row.metric} by {difference:.1g}" if difference else "")


@click.command()
@click.option("--only", "name", type=click.Choice(list(TRAININGS)), hidden=True)
@click.option("--seeds", type=SeedsType(), default=str(SEEDS), hidden=True)
def main(name: str | None, seeds: tuple[int, ...]) -> None:
    """Train with one setting changed at a time; print and keep what stayed the same."""
    if name is not None:
        print(train(name, seeds))
        return
    table = pd.DataFrame([row for name in TRAININGS for row in compare(name)])
    table.to_csv(RESULTS, index=False, lineterminator="\n")
    PAGE.write_text(splice(PAGE.read_text(encoding="utf-8"), "determinism", in_markdown(table)))
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
