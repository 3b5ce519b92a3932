"""Proof: every change is trained over the same seeds as the network as it is, and judged."""
