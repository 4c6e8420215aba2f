"""Training: recipes, data sets, and the loop that trains one network."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
