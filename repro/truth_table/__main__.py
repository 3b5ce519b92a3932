"""`python -m repro.truth_table`: run the study `experiments/truth_table.toml`."""

from repro.app.cli.main import run_study

if __name__ == "__main__":  # not in the processes that train
    run_study("truth_table")
