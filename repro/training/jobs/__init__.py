"""Train blocks of seeds in other processes, which give the same numbers."""
