import re
from contextlib import contextmanager

from odoo import fields, models
from odoo.exceptions import ValidationError

from ...core.api.endpoints.customers import DETAILS
from ...core.api.errors import InvalidInput

_NOT_ALPHANUMERIC = re.compile(r"[\W_]")


class FusionBillingAccountLink(models.Model):
    """What an app says of its customer, and what of it the contact takes over.

    Staff correct contacts, and several apps may have the same one. So what an app says anew is
    taken over, and what it only says again undoes nothing.
    """

    _inherit = "fusion.billing.account.link"

    registration = fields.Json(
        readonly=True, help="What the app said last. Without an external id: staff made the link."
    )

    def _take_over(self, details):
        """Let the contact have what the app says anew.

        :param dict details: by the names of the API; what is not said stays
        :return: the names of those that the contact has otherwise, and keeps
        :raise InvalidInput: a detail that no contact can have
        """
        current, said = self.partner_id._fusion_details(), self._said()
        differing = [name for name in details if not _same(name, current[name], details[name])]
        news = {
            name: details[name]
            for name in differing
            if (said[name] and not _same(name, said[name], details[name]))
            or not (said[name] or current[name])
        }
        if self.partner_id._fusion_is_kept():
            news = {}
        self._remember(details)
        self._write_details(news)
        return [name for name in differing if name not in news]

    def _said(self):
        """Return what the app said last: `{name: text or None}`."""
        said = self.registration or {}
        # Who was registered without a name was called so.
        name = said.get("email", said["external_id"]) if "external_id" in said else None
        return {**dict.fromkeys(DETAILS), "name": name, **said}

    def _remember(self, details):
        said = {**(self.registration or {}), **details}
        if said != self.registration:
            # sudo: the API may register its customers, and do nothing else to links.
            self.sudo().registration = said

    def _write_details(self, details):
        if details:
            vals = self.env["fusion.billing.api.customers"]._prepare_details(details)
            if "vat" in details and not self.partner_id.parent_id:
                vals["is_company"] = True
            with raises_invalid_vat(details):
                # sudo: the API may change these details of its customers, not contacts at large.
                self.partner_id.sudo().write(vals)


@contextmanager
def raises_invalid_vat(details):
    """Tell the app, in the words of who checks numbers for VAT, why one is none."""
    try:
        yield
    except ValidationError as error:
        if "vat" not in details:
            raise
        sentence = " ".join(str(error).split())
        raise InvalidInput(f"{sentence.rstrip('.')}.", "invalid_vat", "vat") from error


def _same(name, one, other):
    """Whether two values of a detail mean the same: numbers for VAT are stored as they are usually
    written, and countries as Odoo has them.
    """
    return one == other or _comparable(name, one) == _comparable(name, other)


def _comparable(name, value):
    if not value or name not in ("vat", "country_code"):
        return value or None
    return _NOT_ALPHANUMERIC.sub("", value).upper()
