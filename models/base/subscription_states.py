"""States in which a subscription is billed, and in which it is or was."""

RUNNING = ("3_progress", "4_paused")
STARTED = (*RUNNING, "6_churn")
