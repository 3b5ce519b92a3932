"""`python -m repro`: list the studies, run them, redraw their figures."""

from repro.cli import main

main(prog_name="python -m repro")
