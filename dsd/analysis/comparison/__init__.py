"""Comparisons of populations: differences, verdicts, and the conditions for a verdict."""
