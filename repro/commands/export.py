"""`python -m repro export`: write results as LaTeX for an article."""

import sys
from pathlib import Path

import click

from repro.app.cli.exits import reported
from repro.app.cli.options import OutFolder, anyway_option, names_argument


@click.command(epilog="Example: python -m repro export mnist_relu --latex paper/results")
@names_argument
@click.option(
    "--latex",
    "folder",
    required=True,
    type=OutFolder(),
    help="Macros, tables and figures for an article, and an example of one, into this folder.",
)
@anyway_option
def command(names: tuple[str, ...], folder: Path, anyway: bool) -> None:
    """Write numbers, tables and figures for an article in LaTeX.

    Of all studies, or of those of these NAMES. Prints what it wrote.
    """
    from repro.app.regenerate import export_latex

    sys.exit(reported(lambda: export_latex(names, folder, anyway=anyway)))
