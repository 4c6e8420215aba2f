from . import analysis as analysis
from . import architecture as architecture
from . import design as design
from . import figures as figures
from . import io as io
from . import models as models
from . import sweep as sweep
from . import training as training
from .analysis.results.populations import split_populations as split_populations
from .analysis.summary import analyze as analyze
from .architecture.catalogue.lookup import complexity as complexity
from .architecture.catalogue.lookup import network as network
from .architecture.network import Network as Network
from .design.file import load_space as load_space
from .design.sampling.population import Population as Population
from .design.sampling.sampler import sample as sample
from .errors import DsdError as DsdError
from .io.table_reading import read_table as read_table
from .models.anynet import build as build

__version__: str
