"""The Slurm backend, built on submitit."""
