"""The package's commands as a reader calls them, and what they leave."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from sqlite3 import connect

from tests.undrawn import UNDRAWN

ROOT = Path(__file__).parents[2]
TABLES = ("runs.csv", "curves.csv", "claims.csv")
# what a stored block says besides seeds and parameters
SETTINGS = {"code": "", "data": "", "fingerprint": {}}
IN_TURN = """
import sys
from repro.app.cli.main import main
if __name__ == "__main__":
    for words in sys.argv[1:]:
        main(words.split(), standalone_mode=False)
"""
FIGURES = ("runs.png", "runs.svg", "learning_curves.png", "learning_curves.svg")


class Study:
    """One study, run by real processes.

    `package` is the folder that `repro` is imported from, `before` a command that runs a command;
    `drawn` says whether figures are.
    """

    def __init__(self, name, *args, package=ROOT, before=(), drawn=True):
        self.name, self.args, self.package = name, list(map(str, args)), package
        self.drawn = drawn
        self.before = list(before)
        self.environment = os.environ | {"PYTHONPATH": str(package), "COLUMNS": "160"}

    def start(self, out, *args):
        """Start the run; its own session, so that signals reach it as from a terminal."""
        args = (*self.args, "--out", out, *args)
        if self.drawn:
            return self.start_module(f"repro.{self.name}", *args)
        return self.start_python("-c", UNDRAWN, "run", self.name, *args)

    def start_module(self, module, *args, cwd=None):
        """Start `python -m MODULE ...`, by default in the package's folder."""
        return self.start_python("-m", module, *args, cwd=cwd)

    def start_python(self, *args, cwd=None):
        """Start `python ...`, by default in the package's folder."""
        command = [*self.before, sys.executable, *map(str, args)]
        return subprocess.Popen(
            command,
            cwd=cwd or self.package,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, out, *args, code=0):
        """Run to the end; returns what it printed on both streams."""
        with self.start(out, *args) as driver:
            printed = "".join(driver.communicate(timeout=300))
        assert driver.returncode == code, printed
        assert "Traceback" not in printed, printed
        return printed

    def start_and_await_block(self, out, *args, blocks=1):
        """Start the run and return it when so many blocks are stored, or all."""
        driver = self.start(out, *args)
        for line in driver.stdout:
            if "runs  " in line:
                blocks -= 1
            if not blocks:
                break
        return driver

    def commands(self, *commands, cwd):
        """Run commands one after the other in a process, in a folder."""
        done = subprocess.run(
            [sys.executable, "-c", IN_TURN, *commands],
            cwd=cwd,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def contents(folder, names=TABLES):
    """Return the files that are there."""
    return {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}


def stored(folder):
    """Return variant and seed of every row of the store, read without the package."""
    with closing(connect(folder / ".store.sqlite")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return sorted(connection.execute("SELECT variant, seed FROM runs"))
