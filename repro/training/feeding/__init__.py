"""The samples that models are trained on: arrays, or batches that come in their own order."""
