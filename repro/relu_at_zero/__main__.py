"""`python -m repro.relu_at_zero`: run the study `experiments/relu_at_zero.toml`."""

from repro.app.cli.main import run_study

if __name__ == "__main__":  # not in the processes that train
    run_study("relu_at_zero")
