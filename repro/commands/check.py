"""`python -m repro check`: look for mistakes in a model and its compile arguments, without data."""

import sys

import click

from repro.app.cli.exits import reported
from repro.app.cli.user_files import require_function
from repro.app.terminal.streams import say
from repro.commands._user_code import errors_of
from repro.study.keras_settings import require_readable
from repro.study.text import printable


@click.command(epilog="Example: python -m repro check my_model.py:build")
@click.argument("target", metavar="FILE.py:NAME")
def command(target: str) -> None:
    """Name what is written wrong in a model, before any data.

    FILE.py:NAME is a function that takes no arguments and returns a compiled Keras model. The file
    is code, and naming it here runs it: name only files that you would run yourself.

    Ends with 1 if something was found. What only data can tell, `diagnose` measures.
    """
    sys.exit(reported(lambda: _run(target)))


def _run(target: str) -> int:
    require_function(target)  # before what takes seconds to import
    require_readable()
    with errors_of(target):
        return _report(target)


def _report(target: str) -> int:
    from repro.training import quiet  # noqa: F401  # isort: skip  # before the file imports Keras
    from repro.instruments.diagnose.check import check
    from repro.instruments.diagnose.setup.loading import load_object

    result = check(load_object(target))
    _show(str(result))
    return 1 if result.findings else 0


def _show(text: str) -> None:
    """Print lines; in a terminal, those that are too long go on below their own beginning."""
    from rich.padding import Padding
    from rich.text import Text

    from repro.findings.terminal import Terminal

    console = Terminal()
    if not console.is_terminal:
        say(text)
        return
    for line in printable(text).splitlines():
        words = line.lstrip()
        console.print(Padding(Text(words), (0, 0, 0, len(line) - len(words))))
