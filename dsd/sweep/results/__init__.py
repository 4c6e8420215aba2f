"""The progress of a sweep, and its results as tables."""
