import unittest

from core.api.prometheus import Family, write_families


class TestPrometheus(unittest.TestCase):
    def test_figures_are_written_with_what_they_mean(self):
        text = write_families(
            [
                Family(
                    "events_total",
                    "counter",
                    "Events.",
                    [("", {"service": "a", "status": 200}, 12.0)],
                ),
                Family("lag", "gauge", "Lag.", [("", {}, 3)]),
                Family("none", "gauge", "Nothing.", []),
            ]
        )
        self.assertEqual(
            text,
            "# HELP fusion_billing_events_total Events.\n"
            "# TYPE fusion_billing_events_total counter\n"
            'fusion_billing_events_total{service="a",status="200"} 12.0\n'
            "# HELP fusion_billing_lag Lag.\n"
            "# TYPE fusion_billing_lag gauge\n"
            "fusion_billing_lag 3\n"
            "# HELP fusion_billing_none Nothing.\n"
            "# TYPE fusion_billing_none gauge\n",
        )

    def test_a_label_cannot_end_its_line(self):
        family = Family("x", "gauge", "X.", [("", {"service": 'a"\n\\b'}, 1)])
        self.assertIn(r'{service="a\"\n\\b"} 1', write_families([family]))
