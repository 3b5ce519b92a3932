"""`python -m repro lint`: every rule of the repository for a study, as small checks."""
