"""`python -m repro report`."""

import sys
from pathlib import Path

import click

from repro.cli import reported


@click.command()
def command() -> None:
    """Write results/index.html, one page on all studies, from the tables in results/."""
    from repro.findings.report.page import write_report

    def job() -> int:
        click.echo(write_report(Path("results")))
        return 0

    sys.exit(reported(job))
