from .anynet import AnyNet as AnyNet
from .anynet import build as build
from .time_tables import time_table as time_table
from .timing import Conditions as Conditions
from .timing import time_network as time_network
