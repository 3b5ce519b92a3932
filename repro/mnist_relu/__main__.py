"""`python -m repro.mnist_relu`: run the study `experiments/mnist_relu.toml`."""

from repro.app.cli.main import run_study

if __name__ == "__main__":  # not in the processes that train
    run_study("mnist_relu")
