"""What may be drawn: spaces, their parameters and families, and how populations are drawn from them."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
