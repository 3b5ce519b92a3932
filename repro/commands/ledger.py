"""`python -m repro ledger`."""

import sys
from pathlib import Path

import click

from repro.app.cli import reported


@click.command()
@click.argument("names", nargs=-1, required=True)
@click.option(
    "--into",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Put it between the marks <!-- ledger NAME --> and <!-- end --> of this file.",
)
def command(names: tuple[str, ...], into: Path | None) -> None:
    """Print the claim ledgers of the studies NAMES as Markdown, from the tables in results/."""
    from repro.app.regenerate import write_ledgers

    sys.exit(reported(lambda: write_ledgers(names, into)))
