from urllib.parse import quote

from odoo.tests import freeze_time, tagged

from ..api_case import ApiCase

ODD = ("org/7", "a/b/c/", "/a", "a b", "é", "50%", "a?b#c", "..", "1", "external:x", "x" * 255)


@tagged("post_install", "-at_install")
@freeze_time("2026-01-11 12:00:00")
class TestApiExternalIds(ApiCase):
    """A path names a subscription by the app's own id of it as well."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._plan("business")
        cls.subscription = cls._own_subscription("sub-42")

    def test_every_path_takes_it(self):
        for path in ("", "/usage", "/upcoming_invoice"):
            by_number = self.assertOk(self.get(f"/subscriptions/{self.subscription.id}{path}"))
            with self.subTest(path=path):
                self.assertEqual(
                    self.assertOk(self.get(f"/subscriptions/external:sub-42{path}")), by_number
                )
        for change, body in (
            ("pause", {"date": "2026-02-10"}),
            ("resume", {"date": "2026-02-10"}),
            ("change_plan", {"plan_code": "business", "date": "2026-02-10"}),
            ("cancel", {"date": "2026-03-01"}),
        ):
            with self.subTest(change=change):
                answer = self.assertOk(self.post(f"/subscriptions/external:sub-42/{change}", body))
                self.assertEqual(answer["subscription_id"], self.subscription.id)

    def test_any_characters_may_be_in_it(self):
        for external_id in ODD:
            order = self._own_subscription(external_id)
            for tail in ("", "/usage"):
                with self.subTest(external_id=external_id, tail=tail):
                    name = quote(f"external:{external_id}", safe="")
                    answer = self.assertOk(self.get(f"/subscriptions/{name}{tail}"))
                    self.assertEqual(answer["subscription_id"], order.id)

    def test_the_number_is_the_way_where_an_id_ends_as_a_path_does(self):
        order = self._own_subscription("sub-42/usage")
        answer = self.assertOk(self.get("/subscriptions/external:sub-42/usage"))
        self.assertEqual(answer["subscription_id"], self.subscription.id)
        self.assertOk(self.get(f"/subscriptions/{order.id}"))

    def test_only_ids_that_this_service_gave_are_found(self):
        """U1."""
        other = self._service("nexadesk")
        self._subscribe(fusion_service_id=other.id, fusion_external_id="theirs")
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        self._own_subscription("strange", partner_id=stranger.id)
        for name in ("theirs", "strange", "nobody", "", "SUB-42", " sub-42", "x" * 256):
            with self.subTest(name=name):
                path = f"/subscriptions/external:{quote(name, safe='')}"
                self.assertError(self.get(path), 404, "not_found")
                self.assertError(self.post(f"{path}/cancel"), 404, "not_found")

    def test_what_is_not_found_is_named(self):
        for path, words in (
            ("/subscriptions/999999", "There is no subscription '999999' of a customer"),
            ("/subscriptions/external:no-7", "There is no subscription 'external:no-7'"),
            ("/customers/no-7", "There is no customer with the external id 'no-7'."),
        ):
            with self.subTest(path=path):
                answer = self.assertError(self.get(path), 404, "not_found")
                self.assertIn(words, answer["error"])

    def test_verbs_are_told_for_such_a_path_too(self):
        response = self.send("GET", f"/subscriptions/{self.subscription.id}/pause")
        self.assertError(response, 405, "method_not_allowed")
