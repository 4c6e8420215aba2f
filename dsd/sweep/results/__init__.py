"""How far a sweep is, and its results as tables."""
