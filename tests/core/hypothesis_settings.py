"""How long the property tests of this folder search: longer in `./dev test thorough`.

No deadline and no complaint about slow draws: a busy machine is not a defect.
"""

import os

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("FUSION_TEST_EXAMPLES", "75"))

quick = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
