"""Studies, the runs they plan, and the cost of these runs."""
