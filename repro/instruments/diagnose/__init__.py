"""Why does a network fail, and which change makes it work? Examine, explain, prove, report."""

from repro.instruments.diagnose.case import DiagnoseError
from repro.instruments.diagnose.diagnosis import Diagnosis, diagnose

__all__ = ["DiagnoseError", "Diagnosis", "diagnose"]
