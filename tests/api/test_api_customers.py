from odoo.tests import tagged

from ..api_case import ApiCase


@tagged("post_install", "-at_install")
class TestApiCustomers(ApiCase):
    def _register(self, external_id="umbrella", **details):
        return self.post("/customers", {"external_id": external_id, **details})

    def _partner(self, answer):
        return self.env["res.partner"].browse(answer["partner_id"])

    # === REGISTERING === #

    def test_a_customer_becomes_a_linked_partner(self):
        answer = self.assertOk(
            self._register(
                name="Umbrella Zoë",
                email="billing@example.com",
                phone="+1 555 0100",
                vat="BE0477472701",
                street="Main St 1",
                street2="Floor 2",
                city="Ottawa",
                zip="K1A 0B1",
                country_code="ca",
            ),
            201,
        )
        self.assertEqual((answer["external_id"], answer["created"]), ("umbrella", True))
        partner = self._partner(answer)
        self.assertEqual(partner.fusion_account_link_ids.external_id, "umbrella")
        self.assertEqual(partner.fusion_account_link_ids.service_id, self.service)
        self.assertRecordValues(
            partner,
            [
                {
                    "name": "Umbrella Zoë",
                    "email": "billing@example.com",
                    "phone": "+1 555 0100",
                    "vat": "BE0477472701",
                    "street": "Main St 1",
                    "street2": "Floor 2",
                    "city": "Ottawa",
                    "zip": "K1A 0B1",
                    "country_code": "CA",
                    "is_company": True,
                    "company_id": self.company.id,
                }
            ],
        )

    def test_an_external_id_is_enough(self):
        partner = self._partner(self.assertOk(self._register("user 7"), 201))
        self.assertEqual((partner.name, partner.is_company), ("user 7", False))

    def test_a_customer_without_a_name_is_called_by_its_email(self):
        answer = self.assertOk(self._register(email="ada@example.com"), 201)
        self.assertEqual(self._partner(answer).name, "ada@example.com")

    def test_a_number_is_an_external_id(self):
        self.assertEqual(self.assertOk(self._register(42), 201)["external_id"], "42")
        self.assertFalse(self.assertOk(self._register("42"))["created"])

    def test_the_same_registration_again_finds_the_same_customer(self):
        """Every write path is safe to run twice."""
        first = self.assertOk(self._register(name="Umbrella", email="a@example.com"), 201)
        with self.assertNothingWritten():
            second = self.assertOk(self._register(name="Umbrella", email="a@example.com"))
        self.assertEqual(second, {**first, "created": False})

    def test_a_registration_may_be_repeated_in_part(self):
        self.assertOk(self._register(name="Umbrella", email="a@example.com"), 201)
        self.assertFalse(self.assertOk(self._register(name="Umbrella"))["created"])
        self.assertFalse(self.assertOk(self._register())["created"])

    def test_two_services_may_use_the_same_external_id(self):
        other = self._service("nexadesk")._generate_api_key()
        mine = self.assertOk(self._register("c-1"), 201)
        theirs = self.assertOk(self.post("/customers", {"external_id": "c-1"}, key=other), 201)
        self.assertNotEqual(mine["partner_id"], theirs["partner_id"])

    def test_a_registration_that_makes_no_sense_is_refused(self):
        for details, code, field in (
            ({"external_id": None}, "missing_field", "external_id"),
            ({"external_id": ""}, "invalid_external_id", "external_id"),
            ({"external_id": True}, "invalid_external_id", "external_id"),
            ({"external_id": "x" * 256}, "invalid_external_id", "external_id"),
            ({"name": 5}, "invalid_name", "name"),
            ({"email": []}, "invalid_email", "email"),
            ({"country_code": "XX"}, "invalid_country_code", "country_code"),
            ({"country_code": "%"}, "invalid_country_code", "country_code"),
            ({"partner_id": 1}, "unknown_field", "partner_id"),
        ):
            with self.subTest(details=details), self.assertNothingWritten():
                response = self.post("/customers", {"external_id": "new", **details})
                self.assertError(response, 400, code, field)

    # === READING === #

    def test_a_customer_is_read_with_its_subscriptions(self):
        subscription = self._own_subscription("sub-42")
        answer = self.assertOk(self.get("/customers/acme"))
        self.assertEqual(
            answer.pop("subscriptions"),
            [self.assertOk(self.get(f"/subscriptions/{subscription.id}"))],
        )
        self.assertEqual(
            answer,
            {
                "external_id": "acme",
                "partner_id": self.partner.id,
                "name": "Acme Ltd",
                "email": None,
                "phone": None,
                "vat": None,
                "street": None,
                "street2": None,
                "city": None,
                "zip": None,
                "country_code": None,
            },
        )

    def test_an_external_id_with_any_characters_is_read_by_its_path(self):
        for external_id in ("org/7", "a b", "é", "50%", "a?b", "..", "1"):
            with self.subTest(external_id=external_id):
                self._link(external_id)
                path = "".join(f"%{byte:02x}" for byte in external_id.encode())
                answer = self.assertOk(self.get(f"/customers/{path}"))
                self.assertEqual(answer["external_id"], external_id)

    def test_the_customer_of_another_service_is_not_found(self):
        self._link("theirs", service=self._service("nexadesk"))
        self.assertError(self.get("/customers/theirs"), 404, "not_found")
        self.assertError(self.get("/customers/nobody"), 404, "not_found")

    def test_the_list_has_the_customers_of_the_service(self):
        self._link("theirs", service=self._service("nexadesk"))
        answer = self.assertOk(self.get("/customers"))
        self.assertEqual(answer["customers"], [self.assertOk(self.get("/customers/acme"))])
        self.assertIsNone(answer["next_cursor"])
