"""The report: what follows from the trials, as text, tables and figures."""
