"""Odoo runs what this package holds under names that begin with `test_`: all of its packages'."""

from .api import *
from .base import *
from .catalog import *
from .collection import *
from .dunning import *
from .invoicing import *
from .ledger import *
from .operations import *
from .portal import *
from .sandbox import *
from .subscription import *
from .ui import *
from .usage import *
from .walls import *
from .webhook import *
