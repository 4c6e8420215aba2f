"""What one network is: layers, blocks, skeleton, stages, and what they cost."""
