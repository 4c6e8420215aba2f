"""What a network reaches: data, recipe, the training loop, and its checkpoints."""
