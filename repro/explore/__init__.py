"""The explorable page: the threads' networks, trained in the reader's browser over many seeds."""
