"""dsd: populations of neural networks, drawn from design spaces, trained, and compared.

After "Designing Network Design Spaces" (Radosavovic et al., CVPR 2020), cited as [DDS], and "On Network Design Spaces
for Visual Recognition" (Radosavovic et al., ICCV 2019), cited as [NDS].

The names of every day are here, the others by subject: `dsd.analysis`, `dsd.figures`, `dsd.design`,
`dsd.architecture`, `dsd.models`, `dsd.training`, `dsd.sweep`. `__init__.pyi` beside this file is the list. A name is
loaded when it is first used, so that `import dsd` takes no time and loads neither torch nor pandas.
"""

import lazy_loader as lazy

from dsd._version import __version__

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
__all__ += ["__version__"]
