"""Images read from files as they are needed: folders, and packed sets."""
