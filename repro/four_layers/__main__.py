"""`python -m repro.four_layers`: run the study `experiments/four_layers.toml`."""

from repro.app.cli.main import run_study

if __name__ == "__main__":  # not in the processes that train
    run_study("four_layers")
