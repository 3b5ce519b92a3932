"""Tools that the threads' compiled loops share."""
