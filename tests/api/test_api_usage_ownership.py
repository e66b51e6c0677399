from odoo.tests import freeze_time, tagged

from ..api_usage_case import ApiUsageCase


@tagged("post_install", "-at_install")
@freeze_time("2026-01-31 12:00:00")
class TestApiUsageOwnership(ApiUsageCase):
    """U1: usage is billed to nobody but the customers that the service is linked to."""

    def test_a_subscription_is_named_by_its_external_id_or_its_id(self):
        """U1."""
        nameless = self._subscribe()
        for fields in (
            {"subscription_external_id": "sub-42"},
            {"subscription_external_id": None, "subscription_id": self.subscription.id},
            {"subscription_external_id": None, "subscription_id": str(self.subscription.id)},
            {"subscription_external_id": nameless.id},
            {"subscription_external_id": str(nameless.id)},
        ):
            with self.subTest(fields=fields):
                self.assertPushed(self.push(self._event(**fields)), inserted=1)

    def test_the_digits_of_an_id_do_not_name_a_subscription_that_has_an_external_id(self):
        """U1: an app's own number must not hit somebody else's by chance."""
        self.assertBatchRefused(
            self.push(self._event(subscription_external_id=str(self.subscription.id))),
            (0, "unknown_subscription", "subscription_external_id"),
        )

    def test_an_external_id_of_digits_goes_before_an_id(self):
        """U1."""
        nameless = self._subscribe()
        named = self._own_subscription(str(nameless.id))
        self.push(self._event(subscription_external_id=str(nameless.id)))
        usage = self.env["fusion.billing.usage"].search([])
        self.assertEqual(usage.subscription_id, named)

    def test_unknown_none_and_not_theirs_get_the_same_answer(self):
        """U1."""
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        draft = self.env["sale.order"].create(
            {"partner_id": self.partner.id, "fusion_plan_id": self.plan.id}
        )
        one_off = self.env["sale.order"].create({"partner_id": self.partner.id})
        one_off.action_confirm()
        theirs = self._subscribe(partner_id=stranger.id)
        answers = set()
        for number in (999_999, draft.id, one_off.id, theirs.id):
            response = self.push(self._event(subscription_external_id=str(number)))
            self.assertBatchRefused(
                response, (0, "unknown_subscription", "subscription_external_id")
            )
            answer = response.json()
            del answer["request_id"]
            answers.add(str(answer).replace(str(number), "it"))
        self.assertEqual(len(answers), 1)

    def test_the_external_id_of_another_service_is_unknown(self):
        """U1."""
        other = self._service("nexadesk")
        self._subscribe(fusion_service_id=other.id, fusion_external_id="theirs")
        self.assertBatchRefused(
            self.push(self._event(subscription_external_id="theirs")),
            (0, "unknown_subscription", "subscription_external_id"),
        )

    def test_a_customer_that_is_not_linked_any_more_is_not_billed(self):
        """U1."""
        self.link.unlink()
        self.assertBatchRefused(
            self.push(self._event()), (0, "unknown_subscription", "subscription_external_id")
        )

    def test_a_contact_of_a_linked_company_is_billed(self):
        """U1."""
        self.partner.is_company = True
        contact = self.env["res.partner"].create({"name": "Ada", "parent_id": self.partner.id})
        self._own_subscription("ada", partner_id=contact.id)
        self.assertPushed(self.push(self._event(subscription_external_id="ada")), inserted=1)

    def test_an_archived_customer_is_still_billed(self):
        """U1, U5: who still uses still pays."""
        self.partner.active = False
        self.assertPushed(self.push(self._event()), inserted=1)

    def test_two_services_of_one_customer_push_to_one_subscription(self):
        """U1."""
        other = self._service("nexadesk")
        self._link("acme", service=other)
        event = self._event(subscription_external_id=None, subscription_id=self.subscription.id)
        self.assertPushed(self.push(event, key=other._generate_api_key()), inserted=1)
        self.assertEqual(self.env["fusion.billing.usage"].search([]).source, "nexadesk")

    def test_another_company_is_out_of_reach(self):
        """U1."""
        company = self.env["res.company"].create({"name": "Elsewhere"})
        service = self._service("elsewhere", company_id=company.id)
        self._link("acme", service=service)
        event = self._event(subscription_external_id=None, subscription_id=self.subscription.id)
        self.assertBatchRefused(
            self.push(event, key=service._generate_api_key()),
            (0, "unknown_subscription", "subscription_id"),
            (0, "unknown_metric", "metric_code"),
        )

    def test_a_metric_is_known_by_its_code_in_the_company(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self._metric("theirs", company_id=company.id)
        self._metric("old", active=False)
        for code in ("nothing", "theirs", "old", "API_CALLS"):
            with self.subTest(code=code):
                self.assertBatchRefused(
                    self.push(self._event(metric_code=code)), (0, "unknown_metric", "metric_code")
                )
