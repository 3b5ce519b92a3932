"""What is measured of the trained networks: from arrays to the columns of runs and curves."""
