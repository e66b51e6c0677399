import unittest

from core.api.rate import EVENTS, REQUESTS, Rate, rate_headers


class TestRate(unittest.TestCase):
    def test_headers_name_each_quota_and_how_it_stands(self):
        rates = Rate(REQUESTS, 600, 599, 42), Rate(EVENTS, 100_000, 95_000, 42)
        self.assertEqual(
            dict(rate_headers(rates)),
            {
                "RateLimit-Policy": '"requests";q=600;w=60, "events";q=100000;w=60',
                "RateLimit": '"requests";r=599;t=42, "events";r=95000;t=42',
            },
        )

    def test_who_has_no_quota_is_told_of_none(self):
        self.assertEqual(rate_headers(()), ())
