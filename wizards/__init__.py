from . import (
    api_key_show,
    api_key_wizard,
    change_plan_wizard,
    close_wizard,
    estimate_wizard,
)
