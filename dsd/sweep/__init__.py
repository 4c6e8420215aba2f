"""Plan, launch, monitor and collect sweeps of many runs. A sweep is a folder."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
