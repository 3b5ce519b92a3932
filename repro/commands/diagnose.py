"""`python -m repro diagnose`: find out why a network of the user's fails."""

import sys
from pathlib import Path
from typing import Any

import click

from repro.app.cli.exits import reported
from repro.app.cli.options import EPOCHS, SEEDS_HELP, Finite, OutFolder, SeedsType
from repro.app.cli.user_files import require_data, require_function, require_writable
from repro.commands._user_code import errors_of
from repro.study.keras_settings import require_readable


@click.command(
    epilog="Example: python -m repro diagnose my_model.py:build --data my_data.npz --epochs 20"
)
@click.argument("target", metavar="FILE.py:NAME")
@click.option(
    "--data",
    required=True,
    help="FILE.npz with x, y (x_val, y_val), FILE.csv, FILE.parquet, or FILE.py:NAME.",
)
@click.option("--target", "column", metavar="NAME", help="The column of a table that is y.")
@click.option(
    "--epochs",
    type=EPOCHS,
    help="As many as you train; enough for 600 steps if not given.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(1, 1_000_000),
    default=32,
    show_default=True,
    help="As you train.",
)
@click.option("--seeds", type=SeedsType(), default="10", show_default=True, help=SEEDS_HELP)
@click.option("--no-shuffle", is_flag=True, help="You call fit(…, shuffle=False).")
@click.option(
    "--retune", is_flag=True, help="Compare again, with each network at its best learning rate."
)
@click.option("--details", is_flag=True, help="Show all suspects and all changes.")
@click.option(
    "--budget",
    type=Finite(1, 1_000_000),
    default=110,
    show_default=True,
    metavar="SECONDS",
    help="About how long it may take; the report names what was left out.",
)
@click.option(
    "--out",
    type=OutFolder(),
    help="Folder for the report, tables and figures.",
)
@click.option("--model", help="For a numpy step: FILE.py:NAME of a build function of that network.")
@click.option("--parameters", help="For a numpy step: FILE.py:NAME of its parameters.")
@click.option("--rate", type=Finite(), help="For a numpy step: the learning rate that it uses.")
def command(target: str, **options: Any) -> None:
    """Say why a network fails, and which change makes it work.

    FILE.py:NAME is a function that takes no arguments and returns a compiled Keras model.

    The file is code, and naming it here runs it: name only files that you would run yourself. Data
    are loaded from .npz without pickle, or from a table with --target; a FILE.py:NAME that returns
    (x, y), (x, y, x_val, y_val) or a tf.data.Dataset is run, too.

    If NAME takes (parameters, x, y), it is a hand-written training step, and its gradient is
    audited; --model, --parameters and --rate then say what the step ought to do.
    """
    sys.exit(reported(lambda: _run(target, **options)))


def _run(target: str, out: Path | None, **options: Any) -> int:
    _require_files(target, **options)  # before what takes seconds to import
    require_readable()
    if out is not None:
        require_writable(out)
    with errors_of(target):
        return _report(target, out, **options)


def _report(
    target: str, out: Path | None, data: str, column: str | None, details: bool, **options: Any
) -> int:
    from repro.findings.terminal import Terminal
    from repro.instruments.diagnose.numpy_step import audit_step, is_step
    from repro.instruments.diagnose.report.text import show, show_details
    from repro.instruments.diagnose.setup.loading import load_data, load_object
    from repro.training import quiet  # noqa: F401  # before the user's file imports Keras

    console = Terminal()
    function, arrays = load_object(target), load_data(data, column)
    step_options = {name: options.pop(name) for name in ("model", "parameters", "rate")}
    if is_step(function):
        console.print(audit_step(function, arrays, **step_options))
        return 0
    if any(value is not None for value in step_options.values()):
        raise _misplaced(target)
    diagnosis = _diagnosed(function, arrays, **options)
    show(diagnosis, console)
    if details:
        show_details(diagnosis, console)
    if out is not None:
        diagnosis.save(out)
        console.print(f"Report, tables and figures: {out}", markup=False, soft_wrap=True)
    return 0


def _require_files(target: str, data: str, **options: Any) -> None:
    require_function(target)
    require_data(data)
    for name in ("model", "parameters"):
        if options[name] is not None:
            require_function(options[name])


def _misplaced(target: str) -> Exception:
    from repro.instruments.diagnose import DiagnoseError

    return DiagnoseError(
        f"--model, --parameters and --rate are for a step(parameters, x, y), which {target} is not"
    )


def _diagnosed(build: Any, arrays: dict[str, Any], **options: Any) -> Any:
    from repro.instruments.diagnose import diagnose

    validation = (arrays["x_val"], arrays["y_val"]) if "x_val" in arrays else None
    options["shuffle"] = not options.pop("no_shuffle")
    options["sample_weight"] = arrays.get("sample_weight")
    x, y = arrays["x"], arrays.get("y")
    return diagnose(build, x, y, validation_data=validation, verbose=1, **options)
