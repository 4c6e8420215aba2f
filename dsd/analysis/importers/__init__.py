"""Importers for results of other programs."""
