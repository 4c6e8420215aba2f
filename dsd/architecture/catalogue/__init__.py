"""Networks by published name, from files and from tables."""
