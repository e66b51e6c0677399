from itertools import count

from odoo import models


class CodedMixin(models.AbstractModel):
    """What apps name by a code, which no other of the company has: a copy gets a free one."""

    _name = "fusion.billing.coded.mixin"
    _description = "Has a Code"

    def copy_data(self, default=None):
        default = default or {}
        return [
            dict(vals, code=default.get("code") or record._free_code())
            for record, vals in zip(self, super().copy_data(default), strict=True)
        ]

    def _free_code(self):
        """Return the first of `pro-copy`, `pro-copy-2`, … that is free in the company."""
        self.ensure_one()
        # sudo: archived or not, a code that is taken is taken for all.
        others = self.sudo().with_context(active_test=False)
        taken = set(others.search([("company_id", "=", self.company_id.id)]).mapped("code"))
        code = self.env._("%s-copy", self.code)
        names = (code if number == 1 else f"{code}-{number}" for number in count(1))
        return next(name for name in names if name not in taken)
