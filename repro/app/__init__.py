"""One call from start to end, and what the terminal shows of it."""
