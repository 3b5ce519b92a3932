"""Run, repeat and compare studies: one call from start to end."""
