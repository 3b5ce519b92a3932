"""`python -m repro`: list the studies, run them, redraw their figures."""

from repro.app.cli import main

if __name__ == "__main__":  # not in the processes that draw figures
    main(prog_name="python -m repro")
