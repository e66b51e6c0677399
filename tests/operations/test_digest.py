from datetime import datetime, timedelta

from odoo.tests import freeze_time, tagged

from .test_revenue_movements import RevenueCase


@tagged("post_install", "-at_install")
@freeze_time("2026-01-17 12:00:00")
class TestDigest(RevenueCase):
    """A digest tells billing staff by how much recurring revenue moved, and nobody else."""

    def setUp(self):
        super().setUp()
        with freeze_time("2026-01-14"):
            self._subscribe(products=self.fee_product)
            self.env.cr.flush()
        self.digest = self.env["digest.digest"].create(
            {
                "name": "Weekly",
                "company_id": self.company.id,
                "kpi_mail_message_total": False,
                "kpi_res_users_connected": False,
                "kpi_fusion_recurring": True,
            }
        )

    def _kpis(self, user):
        kpis = self.digest._compute_kpis(self.company, user)
        return {kpi["kpi_name"]: kpi for kpi in kpis}

    def test_staff_read_what_was_gained_in_each_time_frame(self):
        kpi = self._kpis(self.clerk)["kpi_fusion_recurring"]
        self.assertIn("dashboard_action", kpi["kpi_action"])
        self.assertEqual(kpi["kpi_col1"]["value"], "$0")
        self.assertIn("49", kpi["kpi_col2"]["value"])

    def test_who_does_not_work_with_billing_gets_no_such_figure(self):
        self.assertNotIn("kpi_fusion_recurring", self._kpis(self.seller))

    def test_each_day_counts_once(self):
        days = [datetime(2026, 1, 10, 9) + timedelta(number) for number in range(8)]
        values = []
        for start in days:
            digest = self.digest.with_user(self.clerk).with_context(
                start_datetime=start, end_datetime=start + timedelta(1)
            )
            values.append(digest.kpi_fusion_recurring_value)
            digest.invalidate_model(["kpi_fusion_recurring_value"])
        self.assertEqual(sum(values), 49)
