from . import (
    request,
    rating,
    receipt,
    threshold,
    threshold_crossing,
)
