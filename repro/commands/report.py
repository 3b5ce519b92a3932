"""`python -m repro report`: write the page on all studies, or on one."""

import sys

import click

from repro.app.cli.exits import reported
from repro.app.cli.options import anyway_option, names_argument


@click.command(epilog="Example: python -m repro report results/mnist_relu@partial")
@names_argument
@anyway_option
def command(names: tuple[str, ...], anyway: bool) -> None:
    """Write results/index.html, one page on all studies.

    From the tables in results/. Of studies or results folders of these NAMES, write a page of its
    own into the folder of each.
    """
    from repro.app.regenerate import report

    sys.exit(reported(lambda: report(names, anyway=anyway)))
