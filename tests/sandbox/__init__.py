from . import (
    test_api_sandbox,
    test_sandbox,
    test_sandbox_clock,
    test_sandbox_events,
    test_sandbox_model,
    test_sandbox_reset,
)
