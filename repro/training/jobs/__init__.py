"""Train blocks of seeds in other processes: where a number is computed, never which."""
