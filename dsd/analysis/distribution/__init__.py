"""Error distributions: empirical distribution functions and their bands."""
