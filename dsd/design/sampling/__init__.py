"""Draw populations from a space, and count its distinct networks."""
