import re
from itertools import count
from unicodedata import normalize

from odoo import api, models
from odoo.exceptions import ValidationError


class CodedMixin(models.AbstractModel):
    """What apps name by a code, which no other of the company has: a copy gets a free one.

    A model that computes its code with :meth:`_compute_code` takes it from the name, until
    somebody types another one; it stays when the name changes.
    """

    _name = "fusion.billing.coded.mixin"
    _description = "Has a Code"
    _code_separator = "-"

    @api.constrains("code")
    def _check_code(self):
        for record in self:
            if re.search(r"\s", record.code or ""):
                raise ValidationError(
                    self.env._(
                        "The code %s must not contain spaces: apps send it.", repr(record.code)
                    )
                )

    @api.depends("name")
    def _compute_code(self):
        for record in self:
            record.code = record.code or record._derive_code()

    def _derive_code(self):
        """Return the name as a code that is free: `Pro, monthly` as `pro-monthly`."""
        plain = normalize("NFKD", self.name or "").encode("ascii", "ignore").decode().lower()
        code = self._code_separator.join(re.findall("[a-z0-9]+", plain))
        return code and self._first_free(code, self._code_separator)

    def copy_data(self, default=None):
        default = default or {}
        return [
            dict(vals, code=default.get("code") or record._free_code())
            for record, vals in zip(self, super().copy_data(default), strict=True)
        ]

    def _free_code(self):
        """Return the first of `pro-copy`, `pro-copy-2`, … that is free in the company."""
        self.ensure_one()
        return self._first_free(self.env._("%s-copy", self.code))

    def _first_free(self, code, separator="-"):
        # sudo: archived or not, a code that is taken is taken for all.
        others = self.sudo().with_context(active_test=False)
        company = self.company_id or self.env.company
        taken = set(others.search([("company_id", "=", company.id)]).mapped("code"))
        names = (code if number == 1 else f"{code}{separator}{number}" for number in count(1))
        return next(name for name in names if name not in taken)
