"""Times the start of the MNIST study, until its first number."""
