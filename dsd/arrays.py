"""Types of arrays that every layer names."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


Ints = NDArray[np.int64]


Columns = dict[str, Any]  # arrays (n,) or (n, s), or what gives them by row
