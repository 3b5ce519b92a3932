"""The command line without its figures, which take longer than a small study."""

UNDRAWN = """
import sys, types
sys.modules["repro.findings.figures"] = types.SimpleNamespace(draw_figures=lambda *_: None)
from repro.app.cli import main
if __name__ == "__main__":
    main()
"""

# reads a folder and a command's words from each line of its input, and answers in a line
CALLED = """
import json, os, sys, traceback, types
sys.modules["repro.findings.figures"] = types.SimpleNamespace(draw_figures=lambda *_: None)
from click.testing import CliRunner
from repro.app.cli import main
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
