"""A sweep's folder: what is written there, and who may write it."""
