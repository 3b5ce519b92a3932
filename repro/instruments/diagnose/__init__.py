"""Find out why a network fails, and which change makes it work.

`procedure` goes through the stages: examine, explain, prove, report. Each folder imports only
those before it: `setup` (what is diagnosed), `measurements`, `symptoms`, `changes`, `proof`,
`report`.
"""

from repro.instruments.diagnose.procedure import diagnose
from repro.instruments.diagnose.report.diagnosis import Diagnosis
from repro.instruments.diagnose.setup.errors import DiagnoseError

__all__ = ["DiagnoseError", "Diagnosis", "diagnose"]
