"""Slurm, by way of submitit."""
