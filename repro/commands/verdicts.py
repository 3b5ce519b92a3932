"""`python -m repro verdicts`: judge claims again from committed tables."""

import sys

import click

from repro.app.cli.exits import reported
from repro.app.cli.options import anyway_option, names_argument


@click.command(epilog="Example: python -m repro verdicts mnist_relu")
@names_argument
@anyway_option
def command(names: tuple[str, ...], anyway: bool) -> None:
    """Judge claims again from the tables in results/.

    Of all studies, or of studies or results folders of these NAMES.
    """
    from repro.app.regenerate import rejudge

    sys.exit(reported(lambda: rejudge(names, anyway=anyway)))
