from . import (
    test_sandbox,
    test_sandbox_clock,
)
