"""Who runs a plan: this process, worker processes, or a cluster."""
