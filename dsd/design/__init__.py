"""What can be drawn: networks, design spaces, their complexity and how populations are sampled."""
