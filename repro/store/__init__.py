"""What is kept of a study: its runs, tables, and where they come from."""
