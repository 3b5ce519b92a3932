"""`python -m repro report`."""

import sys

import click

from repro.app.cli import reported


@click.command()
def command() -> None:
    """Write results/index.html, one page on all studies, from the tables in results/."""
    from repro.findings.report.page import write_report
    from repro.study.folder import RESULTS

    def job() -> int:
        click.echo(write_report(RESULTS))
        return 0

    sys.exit(reported(job))
