"""`python -m repro lint`: check the rules of the repository for studies."""

import sys

import click

from repro.app.cli.exits import reported
from repro.app.cli.options import names_argument


@click.command(epilog="Example: python -m repro lint truth_table")
@names_argument
def command(names: tuple[str, ...]) -> None:
    """Check studies against every rule, and name the remedies.

    All studies, or these NAMES.

    Exit status 0: nothing was found; 1: something was; 2: wrong use.
    """
    from repro.app.lint.lint import lint

    sys.exit(reported(lambda: lint(names)))
