"""How long the property tests of this folder search.

No deadline and no complaint about slow draws: a busy machine is not a defect.
"""

from hypothesis import HealthCheck, settings

quick = settings(
    max_examples=150, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
