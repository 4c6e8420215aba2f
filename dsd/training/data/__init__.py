"""Training and test images: held in memory (`in_memory`) or read during training (`streamed`)."""
