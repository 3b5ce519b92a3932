"""How many seeds are trained at once; knows nothing of studies."""
