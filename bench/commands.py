"""`python -m bench.commands`: what the commands that do not train take, each a process of its own.

How long `python -m repro` and each `--help` take to answer, beside a Python that does nothing; and
the verdicts, figures and report of all studies from copies of their tables, beside NumPy,
pandas, SciPy and seaborn, which they need, being imported.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from bench.contest import Contest, run, seconds, show
from repro.app.cli import main as cli

ROOT = Path(__file__).parents[1]
LIBRARIES = "import numpy, pandas, scipy.stats, seaborn"


def contests() -> dict[str, Contest]:
    """Return both contests; a contender starts the command and gives the seconds until it ends."""
    return {
        "to answer": {
            "python -c pass": lambda: took("-c", "pass"),
            "python -m repro": lambda: took("-m", "repro"),
            **{
                f"python -m repro {name} --help": lambda name=name: took(
                    "-m", "repro", name, "--help"
                )
                for name in cli.main.list_commands(click.Context(cli.main))
            },
        },
        "all studies": {
            f"python -c '{LIBRARIES}'": lambda: took("-c", LIBRARIES),
            **{
                f"python -m repro {name}": lambda name=name: took("-m", "repro", name)
                for name in ("verdicts", "figures", "report")
            },
        },
    }


def took(*arguments: str) -> float:
    """Return the seconds of a Python process in a folder with a copy of the results."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "results", Path(folder, "results"))
        return seconds(
            lambda: subprocess.run(
                [sys.executable, *arguments],
                cwd=folder,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=subprocess.DEVNULL,
                check=True,
            )
        )


if __name__ == "__main__":
    show(run("commands"))
