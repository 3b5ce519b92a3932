"""Run a plan's blocks: in worker processes of this machine, or on a cluster."""
