"""What `./dev` needs. Nothing in here is used by the addon at run time."""

import sys

from devtools.paths import CLIENT, TESTS

sys.path += [str(CLIENT), str(TESTS)]  # apps have the client installed; here it lies beside
