"""`python -m repro`: list the studies, run them, redraw their figures."""

from repro.app.cli.exits import run_to_end
from repro.app.cli.main import main

if __name__ == "__main__":  # not in the processes that draw figures
    run_to_end(main, "python -m repro")
