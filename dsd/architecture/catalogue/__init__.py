"""Published networks, and the networks of files and tables."""
