"""What the threads' compiled loops share."""
