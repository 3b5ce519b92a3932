"""The project's tools for a reader's own code."""
