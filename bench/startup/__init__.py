"""What the MNIST study does before its first number."""
