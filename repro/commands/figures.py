"""`python -m repro figures`: draw figures again from committed tables."""

import sys

import click

from repro.app.cli.exits import reported
from repro.app.cli.options import anyway_option, names_argument


@click.command()
@names_argument
@anyway_option
def command(names: tuple[str, ...], anyway: bool) -> None:
    """Redraw figures from the tables in results/; of all studies, or of those of these NAMES."""
    from repro.app.regenerate import redraw

    sys.exit(reported(lambda: redraw(names, anyway=anyway)))
