"""The training that is diagnosed: the model that `build` makes, its data, epochs and seeds."""
