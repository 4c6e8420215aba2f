"""Images read from files during training: folders and packed sets."""
