"""What `./dev` needs. Nothing in here is used by the addon at run time."""

import sys

from devtools.paths import CLIENT

sys.path.append(str(CLIENT))  # apps have it installed; here it lies beside
