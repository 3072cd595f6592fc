from .checks.api import conform as conform
from .checks.api import explore as explore
from .checks.api import prove as prove
from .checks.api import vectors as vectors
from .checks.api import verify as verify

__version__: str
