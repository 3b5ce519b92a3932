"""`python -m repro run`: run studies."""

import sys
from typing import Any

import click

from repro.app.cli.exits import INTERRUPTED, WRONG
from repro.app.cli.main import execute
from repro.app.cli.options import names_argument, study_options
from repro.study.folder import study_names


@click.command(epilog="Example: python -m repro run truth_table add_numbers --seeds 10")
@names_argument
@click.option("--all", "run_all", is_flag=True, help="Run all studies.")
@study_options
def command(names: tuple[str, ...], run_all: bool, **options: Any) -> None:
    """Run studies, one after the other.

    `python -m repro.NAME --help` lists a study's variants.
    """
    if run_all == bool(names):
        known = ", ".join(study_names())
        raise click.UsageError(f"name the studies to run, or give --all; there are {known}")
    codes = []
    for name in study_names() if run_all else names:
        codes.append(execute(name, **options))
        if codes[-1] in (WRONG, INTERRUPTED):
            break
    sys.exit(max(codes))
