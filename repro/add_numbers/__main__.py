"""`python -m repro.add_numbers`: run the study `experiments/add_numbers.toml`."""

from repro.app.cli.main import run_study

if __name__ == "__main__":  # not in the processes that train
    run_study("add_numbers")
