"""`python -m repro ledger`: write the README of results folders."""

import sys

import click

from repro.app.cli.exits import reported
from repro.app.cli.options import anyway_option, names_argument


@click.command(epilog="Example: python -m repro ledger mnist_relu")
@names_argument
@anyway_option
def command(names: tuple[str, ...], anyway: bool) -> None:
    """Write results/NAME/README.md from the tables there.

    Of all studies, or of studies or results folders of these NAMES. It has the figures, the
    thread's numbers beside ours, and every claim with its verdict.
    """
    from repro.app.regenerate import write_ledgers

    sys.exit(reported(lambda: write_ledgers(names, anyway=anyway)))
