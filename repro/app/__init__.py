"""Carry out a command from start to end, and show in the terminal what comes of it."""
