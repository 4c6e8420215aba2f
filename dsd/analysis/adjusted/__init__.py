"""Adjusted estimates: what a surrogate explains about the error of networks need not be paid for with training."""
