"""What makes dunning look again, in its own transaction, once this one is committed."""

DUN = "fusion_billing.ir_cron_dun"


def trigger(env):
    """Have dunning run as soon as this transaction is committed."""
    env.ref(DUN).sudo()._trigger()  # sudo: whoever pays makes it run
