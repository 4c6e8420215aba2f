"""dsd: populations of neural networks, drawn from design spaces, trained, and compared.

After "Designing Network Design Spaces" (Radosavovic et al., CVPR 2020), cited as [DDS], and "On Network Design Spaces
for Visual Recognition" (Radosavovic et al., ICCV 2019), cited as [NDS].

Names are loaded when they are first used, so that `import dsd` takes no time and loads neither torch nor pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dsd._version import __version__

if TYPE_CHECKING:
    from dsd.analysis.comparison.pairwise import compare
    from dsd.analysis.comparison.verdicts import verdict
    from dsd.analysis.distribution.empirical import edf
    from dsd.analysis.linear_fit import fit_quantized_linear
    from dsd.analysis.parameters.bootstrap import empirical_bootstrap
    from dsd.analysis.random_search import efficiency
    from dsd.analysis.results.populations import pick, split
    from dsd.analysis.results.seeds import seed_noise
    from dsd.analysis.summary import analyze
    from dsd.analysis.trends import correlations, trends
    from dsd.architecture.catalogue.lookup import network
    from dsd.architecture.catalogue.published_networks import regnet
    from dsd.architecture.complexities import Complexity, complexity
    from dsd.architecture.network import Network
    from dsd.architecture.networks import Networks
    from dsd.architecture.skeleton import Family
    from dsd.design.file import load_space, space_from_spec
    from dsd.design.sampling.count import Distinct, distinct
    from dsd.design.sampling.population import Population
    from dsd.design.sampling.sampler import sample
    from dsd.errors import DsdError
    from dsd.io.table_reading import first_table, read_table
    from dsd.models.anynet import build
    from dsd.models.time_tables import time_table
    from dsd.models.timing import Conditions, time_network

HOMES = {
    "Complexity": "dsd.architecture.complexities",
    "Conditions": "dsd.models.timing",
    "Distinct": "dsd.design.sampling.count",
    "DsdError": "dsd.errors",
    "Family": "dsd.architecture.skeleton",
    "Network": "dsd.architecture.network",
    "Networks": "dsd.architecture.networks",
    "Population": "dsd.design.sampling.population",
    "analyze": "dsd.analysis.summary",
    "build": "dsd.models.anynet",
    "compare": "dsd.analysis.comparison.pairwise",
    "complexity": "dsd.architecture.complexities",
    "correlations": "dsd.analysis.trends",
    "distinct": "dsd.design.sampling.count",
    "edf": "dsd.analysis.distribution.empirical",
    "efficiency": "dsd.analysis.random_search",
    "empirical_bootstrap": "dsd.analysis.parameters.bootstrap",
    "first_table": "dsd.io.table_reading",
    "fit_quantized_linear": "dsd.analysis.linear_fit",
    "load_space": "dsd.design.file",
    "network": "dsd.architecture.catalogue.lookup",
    "pick": "dsd.analysis.results.populations",
    "read_table": "dsd.io.table_reading",
    "regnet": "dsd.architecture.catalogue.published_networks",
    "sample": "dsd.design.sampling.sampler",
    "seed_noise": "dsd.analysis.results.seeds",
    "space_from_spec": "dsd.design.file",
    "split": "dsd.analysis.results.populations",
    "time_network": "dsd.models.timing",
    "time_table": "dsd.models.time_tables",
    "trends": "dsd.analysis.trends",
    "verdict": "dsd.analysis.comparison.verdicts",
}

__all__ = [
    "Complexity",
    "Conditions",
    "Distinct",
    "DsdError",
    "Family",
    "Network",
    "Networks",
    "Population",
    "__version__",
    "analyze",
    "build",
    "compare",
    "complexity",
    "correlations",
    "distinct",
    "edf",
    "efficiency",
    "empirical_bootstrap",
    "first_table",
    "fit_quantized_linear",
    "load_space",
    "network",
    "pick",
    "read_table",
    "regnet",
    "sample",
    "seed_noise",
    "space_from_spec",
    "split",
    "time_network",
    "time_table",
    "trends",
    "verdict",
]


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module 'dsd' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return __all__
