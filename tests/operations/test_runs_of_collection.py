"""What is kept of the runs that charge customers, and that dun them."""

from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from ..collection_case import ATTEMPT
from ..dunning_case import CASE, DunningCase


@tagged("post_install", "-at_install")
class TestRunsOfCollection(DunningCase):
    def setUp(self):
        super().setUp()
        self.runs = self.env["fusion.billing.run"]
        self.runs.search([]).unlink()
        self.invoice = self._invoice()

    def _new(self, kind):
        self.env.invalidate_all()
        return self.runs.search([("kind", "=", kind)], order="id")

    def _failing(self, model, method, error):
        return patch.object(type(self.env[model]), method, side_effect=error)

    def assertRun(self, kind, outcome, done, failed=0):
        run = self._new(kind)
        self.assertRecordValues(run, [{"outcome": outcome, "done": done, "failed": failed}])
        return run

    # === COLLECTING === #

    def test_a_run_that_charges_says_how_often(self):
        self.plan.collects = True
        self._collect()
        self.assertRun("collecting", "success", 1)

    def test_a_run_that_finds_nobody_with_a_method_leaves_no_row(self):
        self.plan.collects = True
        self.token.active = False
        self._collect()
        self.assertFalse(self._new("collecting"))

    def test_a_payment_that_cannot_be_registered_is_one_click_away(self):
        self.plan.collects = True
        self._collect()
        self.runs.search([]).unlink()
        attempt = self.invoice.fusion_attempt_ids
        attempt.transaction_id._set_done()
        transactions = "payment.transaction"
        with (
            self._failing(transactions, "_post_process", ZeroDivisionError()),
            mute_logger("odoo.addons.fusion_billing.models.collection.run"),
        ):
            self._collect()
        run = self.assertRun("collecting", "partial", 0, 1)
        action = run.action_view_failures()
        self.assertEqual(action["res_model"], ATTEMPT)
        self.assertEqual(self.env[ATTEMPT].search(action["domain"]), attempt)

    # === DUNNING === #

    def test_a_run_that_duns_says_of_how_many_cases_something_came(self):
        self._add_step(3)
        self._dun(2)
        self.assertFalse(self._new("dunning"))
        self._dun(3)
        self.assertRun("dunning", "success", 1)

    def test_a_case_that_is_closed_counts(self):
        self._dun(2)
        self._pay_by_hand(self.invoice)
        self._dun(3)
        self.assertRun("dunning", "success", 1)

    def test_a_case_that_fails_is_one_click_away(self):
        self._add_step(3)
        self._dun(2)
        with self._failing(CASE, "_take_next", UserError("No.")):
            self._dun(3)
        run = self.assertRun("dunning", "partial", 0, 1)
        action = run.action_view_failures()
        self.assertEqual(action["res_model"], CASE)
        self.assertEqual(self.env[CASE].search(action["domain"]), self.case)

    def test_nobody_else_than_a_scheduled_action_leaves_a_row(self):
        self._add_step(3)
        with freeze_time(self._day(3)):
            self.env[CASE]._cron_dun()
        self.assertTrue(self.case.taken_ids)
        self.assertFalse(self._new("dunning"))
