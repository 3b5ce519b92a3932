"""The command line without its figures, which take longer than a small study."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

UNDRAWN = """
import sys, types
sys.modules["repro.findings.figures"] = types.SimpleNamespace(draw_figures=lambda *_: None)
from repro.app.cli.main import main
if __name__ == "__main__":
    main()
"""

# reads a folder and a command's words from each line of its input, and answers in a line
CALLED = """
import json, os, sys, traceback, types
sys.modules["repro.findings.figures"] = types.SimpleNamespace(draw_figures=lambda *_: None)
from click.testing import CliRunner
from repro.app.cli.main import main
if __name__ == "__main__":
    requests, answers = sys.stdin, sys.stdout
    for line in requests:
        folder, *words = json.loads(line)
        os.chdir(folder)
        done = CliRunner().invoke(main, words)
        failed = done.exception and not isinstance(done.exception, SystemExit)
        answer = {"returncode": done.exit_code, "stdout": done.stdout, "stderr": done.stderr}
        answer["traceback"] = "".join(traceback.format_exception(*done.exc_info)) if failed else ""
        print(json.dumps(answer), file=answers, flush=True)
"""


class Commands:
    """A process of a package that calls its commands, one after the other: it starts once."""

    def __init__(self, package):
        self.process = subprocess.Popen(
            [sys.executable, "-c", CALLED],
            cwd=package,
            env=os.environ | {"PYTHONPATH": str(package), "COLUMNS": "140"},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def call(self, folder, *args):
        """Call a command in a folder; returns its exit code and what it printed."""
        request = json.dumps([str(folder), *map(str, args)])
        print(request, file=self.process.stdin, flush=True)
        done = SimpleNamespace(**json.loads(self.process.stdout.readline()))
        assert not done.traceback, done.traceback
        return done

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate(timeout=60)
