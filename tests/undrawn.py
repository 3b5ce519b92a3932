"""The command line without its figures, which take longer than a small study."""

UNDRAWN = """
import sys, types
sys.modules["repro.findings.figures"] = types.SimpleNamespace(draw_figures=lambda *_: None)
from repro.app.cli import main
if __name__ == "__main__":
    main()
"""
