"""Figures: one module a kind of plot, each a function that draws into Axes."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
