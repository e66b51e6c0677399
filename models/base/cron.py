"""How scheduled actions report how far they are."""


def commit_progress(env, processed, remaining):
    """Commit what a scheduled action has done and say whether it has time left.

    Outside of one the transaction is the caller's, and so is the commit.
    """
    if not env.context.get("ir_cron_progress_id"):
        return True
    return env["ir.cron"]._commit_progress(processed, remaining=remaining) > 0
