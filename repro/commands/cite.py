"""`python -m repro cite`: print references, and sentences with numbers of a study."""

import sys

import click

from repro.app.cli.exits import reported
from repro.app.cli.options import anyway_option, names_argument


@click.command(epilog="Example: python -m repro cite mnist_relu relu_raw")
@names_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(["bibtex", "text"]),
    help="Only BibTeX, or only plain text; by default both.",
)
@anyway_option
def command(names: tuple[str, ...], form: str | None, anyway: bool) -> None:
    """Print how to cite the package, its threads, or one number.

    With the works behind the threads; of all studies, or of those of these NAMES. Names of a study
    and of one of its variants or claims give a sentence with that number, too.
    """
    from repro.app.cite import cite

    sys.exit(reported(lambda: cite(names, form, anyway=anyway)))
