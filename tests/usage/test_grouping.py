"""What lists, pivots and graphs say of many counters: one metric's quantity, or none."""

from odoo.tests import tagged

from ..common import BillingCase


@tagged("post_install", "-at_install")
class TestGrouping(BillingCase):
    def _groups(self, *groupby):
        domain = [("metric_id.company_id", "=", self.company.id)]
        rows = self.env["fusion.billing.usage"]._read_group(domain, groupby, ["quantity:sum"])
        return {tuple(row[:-1]): row[-1] for row in rows}

    def _combined(self, aggregation):
        """What two subscriptions come to, together and one by one."""
        metric = self._metric(aggregation, aggregation=aggregation)
        first, second = self._subscribe(), self._subscribe()
        self._use(first, 5, "2026-01-01", metric, value="ann")
        self._use(first, 2, "2026-01-03", metric, value="bob")
        self._use(first, 3, "2026-01-02", metric, value="ann")
        self._use(second, 4, "2026-01-01", metric, value="ann")
        each = self._groups("metric_id", "subscription_id")
        return (self._groups("metric_id")[metric,], each[metric, first], each[metric, second])

    def test_a_group_is_combined_as_its_metric_says(self):
        for aggregation, numbers in {
            "sum": (14, 10, 4),
            "count": (4, 3, 1),
            "max": (5, 5, 4),
            "average": (3.5, 10 / 3, 4),
            "unique_count": (3, 2, 1),
            "last": (False, 2, 4),
            "weighted": (False, 2, 4),
        }.items():
            with self.subTest(aggregation):
                for found, expected in zip(self._combined(aggregation), numbers, strict=True):
                    self.assertAlmostEqual(found, expected)

    def test_there_is_no_quantity_of_several_metrics(self):
        subscription = self._subscribe()
        self._use(subscription, 5)
        self._use(subscription, 2, metric=self._metric("gb"))
        self.assertEqual(self._groups("subscription_id")[subscription,], False)
        days = self._groups("metric_id", "period_start:day")
        self.assertEqual(sorted(days.values()), [2, 5])

    def test_what_the_screens_ask_is_answered(self):
        subscription = self._subscribe()
        self._use(subscription, 5)
        groups = self.env["fusion.billing.usage"].formatted_read_grouping_sets(
            [("subscription_id", "=", subscription.id)],
            [[], ["metric_id"], ["metric_id", "period_start:month"]],
            ["quantity:sum", "__count"],
        )
        self.assertEqual([group[0]["quantity:sum"] for group in groups], [5, 5, 5])
