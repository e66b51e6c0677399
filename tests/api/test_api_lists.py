from odoo.tests import tagged

from ..api_case import ApiCase


@tagged("post_install", "-at_install")
class TestApiLists(ApiCase):
    """Lists come in pages that are stable while records are added."""

    def _pages(self, path, limit, between=lambda: None):
        """Read a list page by page, doing something between two pages."""
        name = path.strip("/")
        pages, query = [], f"?limit={limit}"
        while query:
            answer = self.assertOk(self.get(path + query))
            pages.append(answer[name])
            cursor = answer["next_cursor"]
            query = f"?limit={limit}&cursor={cursor}" if cursor else None
            between()
        return pages

    def _fill(self, path, number):
        """Add records to a list."""
        if path == "/customers":
            for position in range(number):
                self._link(f"{self._link_count()}-{position}")
        elif path == "/subscriptions":
            for _position in range(number):
                self._subscribe()
        else:
            subscription = self.env["sale.order"].search([("fusion_plan_id", "!=", False)], limit=1)
            for _position in range(number):
                self._use(subscription or self._subscribe(), 1)

    def _link_count(self):
        return self.env["fusion.billing.account.link"].search_count([])

    def test_pages_are_as_long_as_asked_for_and_miss_nothing(self):
        for path in ("/customers", "/subscriptions", "/usage"):
            with self.subTest(path=path):
                self._fill(path, 5 if path != "/customers" else 4)
                pages = self._pages(path, 2)
                self.assertEqual([len(page) for page in pages], [2, 2, 1])
                records = [record for page in pages for record in page]
                self.assertEqual(records, self._pages(path, 500)[0])

    def test_what_is_added_meanwhile_neither_repeats_nor_hides_a_record(self):
        for path in ("/customers", "/subscriptions", "/usage"):
            with self.subTest(path=path):
                self._fill(path, 3)
                before = self._pages(path, 500)[0]
                added = iter([2])
                pages = self._pages(path, 2, lambda p=path, a=added: self._fill(p, next(a, 0)))
                names = [str(sorted(record.items())) for page in pages for record in page]
                self.assertEqual(len(set(names)), len(names))
                self.assertEqual(
                    names[: len(before)], [str(sorted(record.items())) for record in before]
                )
                self.assertEqual(len(names), len(before) + 2)

    def test_what_is_removed_meanwhile_hides_nothing_else(self):
        self._fill("/customers", 4)
        first = self.assertOk(self.get("/customers?limit=2"))
        self.env["fusion.billing.account.link"].search(
            [("external_id", "=", first["customers"][1]["external_id"])]
        ).unlink()
        second = self.assertOk(self.get(f"/customers?limit=500&cursor={first['next_cursor']}"))
        self.assertEqual(len(second["customers"]), 3)

    def test_a_last_page_that_is_full_has_no_next(self):
        self._fill("/customers", 1)
        self.assertIsNone(self.assertOk(self.get("/customers?limit=2"))["next_cursor"])

    def test_a_longer_page_takes_no_more_queries(self):
        """Lists cost per page, not per record."""
        self.remember_keys()
        for path in ("/customers", "/subscriptions", "/usage"):
            with self.subTest(path=path):
                self._fill(path, 2)
                self._subscribe(partner_id=self.env["res.partner"].create({"name": "x"}).id)
                self.get(path)
                few = self._count_queries(path)
                self._fill(path, 8)
                self.get(path)
                self.assertLessEqual(self._count_queries(path), few)

    def _count_queries(self, path):
        before = self.cr.sql_log_count
        self.assertOk(self.get(path))
        return self.cr.sql_log_count - before
