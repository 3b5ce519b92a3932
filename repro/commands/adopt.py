"""`python -m repro adopt`: keep runs after a change of code that changes no number."""

import sys
from pathlib import Path

import click

from repro.app.cli.exits import reported
from repro.app.cli.options import Names, OutFolder, workers_option


@click.command(epilog="Example: python -m repro adopt mnist_relu")
@click.argument("name")
@click.option(
    "--out",
    type=OutFolder(exists=True),
    help="Results folder; by default results/NAME.",
)
@click.option(
    "--rerun",
    type=OutFolder(exists=True),
    help="Results folder that the old code gives on this machine, if another made the runs.",
)
@click.option(
    "--except",
    "left_out",
    type=Names(),
    help="Variants whose numbers change: the next run trains them.",
)
@workers_option
def command(
    name: str,
    out: Path | None,
    rerun: Path | None,
    left_out: tuple[str, ...] | None,
    workers: int | None,
) -> None:
    """Keep a study's runs after the code changed, but no number.

    A block of every variant, drawn with a fixed seed, is trained again. If it is the same to the
    bit, all stored and committed runs are carried over to the code as it is; provenance.json says
    by which sample. If any number differs, nothing is; --except leaves variants aside.

    Exit status 0: carried over, or nothing had to be; 1: a number differs; 2: what was asked for is
    wrong; 130: interrupted.
    """
    from repro.app.runs.adopt import adopt

    def carry_over() -> int:
        return adopt(name, out=out, rerun=rerun, left_out=left_out or (), workers=workers)

    sys.exit(reported(carry_over))
