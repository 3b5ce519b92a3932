"""`python -m repro figures`: draw figures again from committed tables."""

import sys

import click

from repro.app.cli.exits import reported
from repro.app.cli.options import anyway_option, names_argument


@click.command(epilog="Example: python -m repro figures results/mnist_relu@partial")
@names_argument
@anyway_option
def command(names: tuple[str, ...], anyway: bool) -> None:
    """Redraw figures from the tables in results/.

    Of all studies, or of studies or results folders of these NAMES.
    """
    from repro.app.regenerate import redraw

    sys.exit(reported(lambda: redraw(names, anyway=anyway)))
