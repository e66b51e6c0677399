"""What tests of dunning share: a customer who is late, a policy, and days that go by."""

from datetime import date, timedelta

from odoo.tests import freeze_time

from .collection_case import CollectionCase

CASE = "fusion.billing.dunning.case"


class DunningCase(CollectionCase):
    """A fee of 49 a month, billed on 1 January and due on that day; a policy without steps."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan.collects = False
        cls.partner.email = "late@customer.example"
        cls.policy = cls.env["fusion.billing.dunning.policy"].create({"name": "Ours"})
        cls.company.fusion_dunning_policy_id = cls.policy

    @classmethod
    def _add_step(cls, days, action="tell", **vals):
        if action == "mail":
            vals.setdefault(
                "template_id", cls.env.ref("fusion_billing.mail_template_dunning_reminder").id
            )
        return cls.env["fusion.billing.dunning.step"].create(
            {"policy_id": cls.policy.id, "days": days, "action": action, **vals}
        )

    @classmethod
    def _day(cls, late):
        """Return the day that is so many days after the due date."""
        return date(2026, 1, 1) + timedelta(days=late)

    def _dun(self, late):
        """Let dunning run so many days after the due date of the first invoice."""
        self.env.flush_all()
        with freeze_time(self._day(late)):
            self._run_cron("ir_cron_dun")
        self.env.invalidate_all()

    @property
    def case(self):
        return self.env[CASE].search([("partner_id", "=", self.partner.id)], limit=1)

    def assertTaken(self, *expected, case=None):
        """Assert which steps were taken: `(days after the due date, action)`."""
        taken = (case or self.case).taken_ids.sorted("number")
        first = self._day(0)
        self.assertEqual([((one.taken_on - first).days, one.action) for one in taken], [*expected])
