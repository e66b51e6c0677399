from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..api_case import ApiCase

DETAILS = {
    "name": "Umbrella Ltd",
    "email": "new@example.com",
    "phone": "+1 555 0199",
    "vat": "BE0477472701",
    "street": "Side St 2",
    "street2": "Floor 3",
    "city": "Ottawa",
    "zip": "K1A 0B1",
    "country_code": "CA",
}


@tagged("post_install", "-at_install")
class TestApiCustomerDetails(ApiCase):
    """What an app says anew of its customer is taken over; what it repeats undoes nothing."""

    def _register(self, external_id="umbrella", status=200, **details):
        return self.assertOk(
            self.post("/customers", {"external_id": external_id, **details}), status
        )

    def _change(self, external_id="umbrella", **details):
        return self.assertOk(self.send("PATCH", f"/customers/{external_id}", details))

    def _begin(self, **details):
        """A customer that the app has registered: the contact."""
        answer = self._register(status=201, **{"name": "Umbrella", **details})
        self.assertEqual(answer["kept"], [])
        return self.env["res.partner"].browse(answer["partner_id"])

    def _both(self, **details):
        """Register again, and change: both keep the same; return what."""
        answers = [self._register(**details), self._change(**details)]
        self.assertEqual(answers[0]["kept"], answers[1]["kept"])
        return answers[0]["kept"]

    # === TAKEN OVER === #

    def test_every_detail_that_changes_is_taken_over(self):
        for way in (self._register, self._change):
            with self.subTest(way=way.__name__):
                self.env["fusion.billing.account.link"].search(
                    [("external_id", "=", "umbrella")]
                ).unlink()
                self._begin(email="old@example.com", street="Main St 1", country_code="US")
                self.assertEqual(way(**DETAILS)["kept"], [])
                answer = self.assertOk(self.get("/customers/umbrella"))
                self.assertEqual({name: answer[name] for name in DETAILS}, DETAILS)

    def test_a_registration_with_other_details_finds_the_same_customer(self):
        partner = self._begin()
        answer = self._register(name="Hooli")
        self.assertEqual(
            answer,
            {"partner_id": partner.id, "external_id": "umbrella", "created": False, "kept": []},
        )
        self.assertEqual(partner.name, "Hooli")

    def test_a_change_answers_with_the_customer(self):
        self._begin()
        answer = self._change(email="a@example.com")
        self.assertEqual(answer.pop("kept"), [])
        self.assertEqual(answer, self.assertOk(self.get("/customers/umbrella")))

    def test_what_is_not_given_or_null_stays(self):
        partner = self._begin(email="a@example.com", city="Ottawa")
        self._change()
        self._change(email=None, city="Paris")
        self._register(email=None)
        self.assertEqual((partner.email, partner.city), ("a@example.com", "Paris"))

    def test_a_name_that_came_of_the_id_or_the_address_gives_way_to_one(self):
        for number, details in enumerate(({}, {"email": "ada@example.com"})):
            name = f"user-{number}"
            partner = self.env["res.partner"].browse(
                self._register(name, 201, **details)["partner_id"]
            )
            self.assertEqual(self._register(name, name="Ada Lovelace")["kept"], [])
            self.assertEqual(partner.name, "Ada Lovelace")

    def test_a_customer_who_gets_a_number_for_vat_is_a_company(self):
        partner = self._begin()
        self.assertFalse(partner.is_company)
        self._change(vat="BE0477472701")
        self.assertTrue(partner.is_company)

    def test_the_same_again_writes_nothing(self):
        partner = self._begin(**DETAILS)
        link = partner.fusion_account_link_ids
        self.env.flush_all()
        marks = partner.write_uid, link.write_uid
        self.cr.execute("UPDATE res_partner SET write_uid = NULL WHERE id = %s", [partner.id])
        self.cr.execute(
            "UPDATE fusion_billing_account_link SET write_uid = NULL WHERE id = %s", [link.id]
        )
        self.assertTrue(all(marks))
        self.env.invalidate_all()
        self.assertEqual(self._both(**DETAILS), [])
        self.env.invalidate_all()
        self.assertFalse(partner.write_uid or link.write_uid)

    # === KEPT === #

    def test_what_staff_corrected_stays_while_the_app_repeats_itself(self):
        partner = self._begin(name="Umbrela", email="a@example.com")
        partner.name = "Umbrella Inc."
        self.assertEqual(self._both(name="Umbrela", email="a@example.com"), ["name"])
        self.assertEqual(partner.name, "Umbrella Inc.")

    def test_what_staff_emptied_stays_empty(self):
        partner = self._begin(phone="+1 555 0100")
        partner.phone = False
        self.assertEqual(self._both(phone="+1 555 0100"), ["phone"])
        self.assertFalse(partner.phone)

    def test_a_change_of_the_app_s_is_newer_than_a_correction(self):
        partner = self._begin(name="Umbrela")
        partner.name = "Umbrella Inc."
        self.assertEqual(self._both(name="Umbrella Group"), [])
        self.assertEqual(partner.name, "Umbrella Group")
        self.assertEqual(self._both(name="Umbrella Group"), [])

    def test_what_was_kept_once_and_is_changed_then_is_taken_over(self):
        partner = self._begin()
        partner.email = "staff@example.com"
        self.assertEqual(self._register(email="app@example.com")["kept"], ["email"])
        self.assertEqual(self._change(email="app2@example.com")["kept"], [])
        self.assertEqual(partner.email, "app2@example.com")

    def test_what_is_said_first_fills_only_what_is_empty(self):
        partner = self._begin()
        partner.write({"city": "Ottawa", "phone": False})
        self.assertEqual(self._both(city="Paris", phone="+1 555 0100"), ["city"])
        self.assertEqual((partner.city, partner.phone), ("Ottawa", "+1 555 0100"))

    def test_a_contact_that_staff_linked_is_filled_in_and_stays_what_it_is(self):
        answer = self._register("acme", name="ACME", email="a@example.com")
        self.assertEqual((answer["partner_id"], answer["kept"]), (self.partner.id, ["name"]))
        self.assertEqual((self.partner.name, self.partner.email), ("Acme Ltd", "a@example.com"))
        self.assertEqual(self._register("acme", name="ACME Inc.")["kept"], [])
        self.assertEqual(self.partner.name, "ACME Inc.")

    def test_a_contact_that_is_managed_in_odoo_keeps_everything(self):
        partner = self._begin(name="Umbrella", phone="+1 555 0100")
        partner.fusion_is_managed = True
        kept = self._both(**{**DETAILS, "phone": "+1 555 0100"})
        self.assertEqual(kept, [name for name in DETAILS if name != "phone"])
        self.assertEqual((partner.name, partner.email), ("Umbrella", False))

    def test_a_contact_that_is_managed_no_longer_has_what_changes_then(self):
        partner = self._begin()
        partner.fusion_is_managed = True
        self.assertEqual(self._change(name="Hooli")["kept"], ["name"])
        partner.fusion_is_managed = False
        self.assertEqual(self._change(name="Hooli Inc.")["kept"], [])
        self.assertEqual(partner.name, "Hooli Inc.")

    def test_a_contact_of_the_staff_is_changed_by_nobody_s_app(self):
        """Whoever could change the address of somebody's mail could sign in as them."""
        self._link("me", partner=self.env.ref("base.user_admin").partner_id)
        address = self.env.ref("base.user_admin").email
        kept = self._change("me", email="other@example.com", city="Nowhere")["kept"]
        self.assertEqual(kept, ["email", "city"])
        self.assertEqual(self.env.ref("base.user_admin").email, address)

    def test_apps_that_share_a_contact_do_not_undo_each_other(self):
        partner = self._begin(email="a@example.com")
        other = self._service("nexadesk")
        self._link("desk-1", partner, other)
        key = other._generate_api_key()
        body = {"email": "desk@example.com", "city": "Ottawa"}
        answer = self.assertOk(self.send("PATCH", "/customers/desk-1", body, key=key))
        self.assertEqual(answer["kept"], ["email"])
        self.assertEqual(self._both(email="a@example.com"), [])
        self.assertEqual((partner.email, partner.city), ("a@example.com", "Ottawa"))
        self._change(email="b@example.com")
        answer = self.assertOk(self.send("PATCH", "/customers/desk-1", body, key=key))
        self.assertEqual((answer["kept"], partner.email), (["email"], "b@example.com"))

    def test_a_country_is_the_same_in_small_letters(self):
        self._begin(country_code="ca")
        self.assertEqual(self._both(country_code="ca"), [])
        self.assertEqual(self._both(country_code="CA"), [])

    # === REFUSED === #

    def _check_numbers(self):
        """Let numbers for VAT be checked, and written as usual, as the app base_vat does."""

        def check(partners, country, vat, partner_name="", validation="error"):
            if vat and not vat.upper().startswith("BE"):
                sentence = f"The VAT number [{vat}]\nis not valid"
                raise ValidationError(sentence)
            return vat and vat.replace(" ", "").upper(), "BE"

        partners = self.env.registry["res.partner"]
        self.patch(partners, "_run_vat_checks", check)
        self.patch(partners._fields["vat"], "inverse", "_check_vat")

    def test_a_number_for_vat_that_is_none_is_refused(self):
        self._check_numbers()
        for way in ("POST", "PATCH"):
            path = "/customers" if way == "POST" else "/customers/acme"
            body = {"vat": "US 12", **({"external_id": "new"} if way == "POST" else {})}
            with self.subTest(way=way), self.assertNothingWritten():
                answer = self.assertError(self.send(way, path, body), 400, "invalid_vat", "vat")
                self.assertEqual(answer["error"], "The VAT number [US 12] is not valid.")

    def test_a_number_for_vat_that_is_written_as_usual_is_no_correction(self):
        self._check_numbers()
        partner = self._begin(vat="be 0477472701")
        self.assertEqual(self._both(vat="be 0477472701"), [])
        self.assertEqual(partner.vat, "BE0477472701")

    def test_a_change_that_makes_no_sense_is_refused(self):
        self._begin()
        for details, code, field in (
            ({"name": 5}, "invalid_name", "name"),
            ({"email": ""}, "invalid_email", "email"),
            ({"country_code": "XX"}, "invalid_country_code", "country_code"),
            ({"external_id": "other"}, "unknown_field", "external_id"),
        ):
            with self.subTest(details=details), self.assertNothingWritten():
                response = self.send("PATCH", "/customers/umbrella", details)
                self.assertError(response, 400, code, field)

    def test_the_customer_of_another_service_is_not_found(self):
        self._link("theirs", service=self._service("nexadesk"))
        for name in ("theirs", "nobody"):
            response = self.send("PATCH", f"/customers/{name}", {"name": "X"})
            self.assertError(response, 404, "not_found")
