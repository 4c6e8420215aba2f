"""What populations mean: distributions of error, ranges of the best, comparisons. Loads no torch."""
