"""A sandbox against a slow model of the rules, which knows nothing of clocks."""

from contextlib import contextmanager

from odoo.tests import TransactionCase, freeze_time, tagged

from ...models.base.engine import as_engine
from .. import differential_world
from ..invoicing.test_differential import TestDifferential

SERVICE = {"name": "Maps", "code": "maps"}


class InSandbox(TransactionCase):
    """Lets what stands above it in a test's bases be set up, and live, in a sandbox."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        service = cls.env["fusion.billing.service"].create(SERVICE)
        company = cls.env["res.company"]._fusion_create_sandbox(service)
        cls.env = cls.env(context={**cls.env.context, "allowed_company_ids": company.ids})


@tagged("post_install", "-at_install")
class TestSandboxModel(TestDifferential, InSandbox):
    """R1–R10, L2, M2, by the clock of a sandbox, and at a wrong time of the server's."""

    seeds = (2003, 2010)  # their worlds have days that begin in Lord Howe, and in New York

    def setUp(self):
        super().setUp()
        self.patch(differential_world, "freeze_time", self._until)

    def _play(self, *args, **kwargs):
        self.has_begun = False
        return super()._play(*args, **kwargs)

    @contextmanager
    def _until(self, moment):
        """Advance the sandbox's clock where other tests stop the server's."""
        company = self.company.sudo()
        if not self.has_begun:
            as_engine(company).fusion_clock = moment
            self.has_begun = True
        company._fusion_advance_clock(moment)
        with freeze_time("2031-05-05 05:05:05"):
            yield

    def _rate(self):
        company = self.company.sudo()
        company._fusion_advance_clock(company.fusion_clock)

    _bill = _rate

    def test_the_ledger_and_documents_of_random_lives_are_what_a_slow_model_makes_of_them(self):
        for seed in self.seeds:
            self._play(seed, 3, moments=3, invoices=True)
