"""The parameters of a space: distributions, relations across stages, constraints."""
