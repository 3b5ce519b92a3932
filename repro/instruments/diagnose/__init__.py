"""Why does a network fail, and which change makes it work? Examine, explain, prove, report."""

from repro.instruments.diagnose.report.diagnosis import Diagnosis, diagnose
from repro.instruments.diagnose.setup.arrays import DiagnoseError

__all__ = ["DiagnoseError", "Diagnosis", "diagnose"]
