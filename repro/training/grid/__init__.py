"""`fit_grid`: a grid of settings over many seeds, trained as one job."""
