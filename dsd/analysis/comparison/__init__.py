"""Comparisons of populations: differences, their verdicts, and when there may be none."""
