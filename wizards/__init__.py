from . import (
    api_key_show,
    api_key_wizard,
    change_mixin,
    change_plan_wizard,
    close_wizard,
    estimate_wizard,
    item_wizard,
    pause_wizard,
    reopen_wizard,
    webhook_replay_wizard,
    webhook_secret_show,
    webhook_secret_wizard,
)
