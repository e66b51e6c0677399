"""What time it is: the one place that asks."""

from odoo import fields


def now():
    """This moment, a naive datetime in UTC."""
    return fields.Datetime.now()
