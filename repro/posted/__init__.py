"""The threads' code as posted, in numpy alone, to be read beside the thread: the reference."""
