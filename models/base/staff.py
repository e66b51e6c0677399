"""Who may act on subscriptions by hand."""

from odoo.exceptions import AccessError


def check_staff(records):
    """Let only billing staff act, and only on what they may change.

    :raise AccessError: somebody else calls
    """
    records.check_access("write")
    if not records.env.user.has_group("fusion_billing.group_user"):
        raise AccessError(records.env._("You cannot do this: only billing staff can."))
