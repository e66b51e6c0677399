"""Who may see billing, and act on subscriptions by hand."""

from odoo.exceptions import AccessError

#: Who may read what shared models say of billing; others read the rest of these models.
BILLING = "fusion_billing.group_user,fusion_billing.group_api"


def check_staff(records, operation="write"):
    """Let only billing staff act, and only on what they may change, or read.

    :raise AccessError: somebody else calls
    """
    records.check_access(operation)
    if not records.env.user.has_group("fusion_billing.group_user"):
        raise AccessError(records.env._("You cannot do this: only billing staff can."))


def check_managers(records, operation="read"):
    """Let only billing managers act, and only on what they may read.

    :raise AccessError: somebody else calls
    """
    records.check_access(operation)
    if not records.env.user.has_group("fusion_billing.group_manager"):
        raise AccessError(records.env._("You cannot do this: only billing managers can."))
