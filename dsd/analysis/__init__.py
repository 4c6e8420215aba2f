"""Analysis: what the errors of populations say, and how sure one can be."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
