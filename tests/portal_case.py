from lxml import html

from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user

from .staff_case import StaffCase

PATH = "/my/subscriptions"


class PortalCase(StaffCase, HttpCase):
    """A customer with an account in the portal, a colleague, a stranger, and a subscription."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner.is_company = True
        cls.customer = cls._customer("customer", parent_id=cls.partner.id)
        cls.colleague = cls._customer("colleague", parent_id=cls.partner.id)
        cls.stranger = cls._customer("stranger")
        cls.subscription = cls._subscribe(products=cls.fee_product)

    @classmethod
    def _customer(cls, login, **vals):
        partner = cls.env["res.partner"].create(
            {"name": login, "email": f"{login}@example.com", **vals}
        )
        return new_test_user(
            cls.env,
            f"portal_{login}",
            groups="base.group_portal",
            partner_id=partner.id,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def _log_in(self, user):
        self.authenticate(user and user.login, user and user.login)

    def _path(self, suffix="", subscription=None):
        return f"{PATH}/{(subscription or self.subscription).id}{suffix}"

    def _open(self, path=None):
        """Open a page that must be there; return it parsed."""
        response = self.url_open(path or self._path(), allow_redirects=False)
        self.assertEqual(response.status_code, 200, response.headers.get("Location"))
        return html.fromstring(response.text)

    def _text(self, page, selector="//main | //div[@id='wrap']"):
        """What is read on a page, with single spaces."""
        return " ".join(" ".join(node.text_content().split()) for node in page.xpath(selector))

    def assertKeptOut(self, path, to="/my"):
        """Who asks is led away, and told nothing."""
        response = self.url_open(path, allow_redirects=False)
        self.assertIn(response.status_code, (302, 303, 404), response.text[:200])
        if response.status_code != 404:
            self.assertRegex(response.headers["Location"], rf"{to}(\?|$)")
        self.assertNotIn("49.00", response.text)
