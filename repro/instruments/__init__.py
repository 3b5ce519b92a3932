"""Tools for a reader's own code: `diagnose`, `gradient_audit`, `ReluHealth`."""
