"""From a study to the runs that it plans, and what they cost."""
