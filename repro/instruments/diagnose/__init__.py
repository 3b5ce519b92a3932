"""Why does a network fail, and which change makes it work? Examine, explain, prove, report."""

from repro.instruments.diagnose.diagnosis import Diagnosis, diagnose
from repro.instruments.diagnose.given import DiagnoseError

__all__ = ["DiagnoseError", "Diagnosis", "diagnose"]
