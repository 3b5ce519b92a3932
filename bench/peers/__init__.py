"""Other ways to train the thread's network over many seeds, timed beside `fit_seeds`."""
