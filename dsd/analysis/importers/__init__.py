"""Results of other programs."""
