"""Drawing populations from a space, and counting the networks that it has."""
