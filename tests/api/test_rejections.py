"""What an app was refused is kept for a week, and only what its people need of it."""

import json
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import freeze_time, tagged

from ...controllers import rejections
from ...core.api.rejections import MOST, Admission
from ...models.api import rejection
from ..api_case import ApiCase


@tagged("post_install", "-at_install")
class TestRejections(ApiCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._own_subscription("sub-42")

    def setUp(self):
        super().setUp()
        self.patch(rejections, "_admission", Admission())

    def _kept(self):
        self.env.invalidate_all()
        return self.env["fusion.billing.rejection"].search([])

    # === WHAT IS KEPT === #

    def test_u4_a_batch_that_was_rolled_back_is_kept_with_its_answer(self):
        good = self._event(idempotency_key="good")
        bad = self._event(idempotency_key="bad", metric_code="seats", quantity="-1")
        with self.assertNothingWritten():
            answer = self.assertError(self.push(good, bad), 400, "invalid_quantity")
        one = self._kept()
        self.assertEqual(one.service_id, self.service)
        self.assertEqual((one.verb, one.path), ("POST", "/fusion/api/v1/usage"))
        self.assertEqual((one.status, one.code, one.error), (400, answer["code"], answer["error"]))
        self.assertEqual(one.request_id, answer["request_id"])
        self.assertEqual(json.loads(one.answer)["errors"], answer["errors"])
        [sent] = json.loads(one.request)["events"]
        self.assertEqual((sent["index"], sent["event"]["idempotency_key"]), (1, "bad"))
        self.assertEqual(self.service.rejection_count, 1)

    def test_every_kind_of_refusal_of_a_service_is_kept_once(self):
        reader = self.service._generate_api_key(scope_usage_write=False)
        self.post("/usage", b"{")
        self.get("/subscriptions/7?x=1")
        self.get("/customers/nobody")
        self.post("/usage", b"x", headers={"Content-Type": "text/plain"})
        self.push(self._event(), key=reader)
        self.assertEqual(
            self._kept().sorted("id").mapped("code"),
            [
                "invalid_json",
                "unknown_field",
                "not_found",
                "unsupported_media_type",
                "insufficient_scope",
            ],
        )

    def test_what_was_taken_and_whose_key_is_none_is_not_kept(self):
        self.assertOk(self.push(self._event()))
        self.assertError(self.push(self._event(), key="fbk_" + "x" * 43), 401, "unauthorized")
        self.get("/nothing")
        self.assertFalse(self._kept())

    def test_nothing_secret_is_kept(self):
        self.post("/customers", {"external_id": "x", "name": self.key, "country_code": "XX"})
        self.get(f"/customers/{self.key}")
        self.get(f"/subscriptions?{self.key}=1")
        for one in self._kept():
            values = str(one.read())
            self.assertNotIn(self.key, values)
            self.assertNotIn("Authorization", values)
        self.assertEqual(len(self._kept()), 3)

    # === HOW MUCH === #

    def test_a_flood_is_kept_in_part_and_costs_no_query_after_that(self):
        for _turn in range(MOST + 3):
            self.get("/customers/nobody")
        self.assertEqual(len(self._kept()), MOST)

    def test_a_service_has_so_many_in_an_hour_whatever_process_serves_it(self):
        self.patch(rejection, "MOST", 3)
        for _turn in range(5):
            self.patch(rejections, "_admission", Admission())
            self.get("/customers/nobody")
        self.assertEqual(len(self._kept()), 3)
        with freeze_time(fields.Datetime.now() + timedelta(hours=2)):
            self.env["fusion.billing.rejection"]._keep(
                {
                    "service_id": self.service.id,
                    "verb": "GET",
                    "path": "/",
                    "status": 404,
                    "code": "not_found",
                    "error": "No.",
                }
            )
        self.assertEqual(len(self._kept()), 4)

    def test_what_is_older_than_a_week_is_removed(self):
        self.get("/customers/nobody")
        one = self._kept()
        one._gc_old()
        self.assertTrue(one.exists())
        one.rejected_at -= timedelta(days=7, minutes=1)
        self.assertEqual(one._gc_old(), (1, False))
        self.assertFalse(one.exists())

    # === WHO SEES IT === #

    def test_staff_of_the_company_see_it_and_nobody_changes_it(self):
        self.get("/customers/nobody")
        one = self._kept()
        abroad = self.env["res.company"].create({"name": "Abroad"})
        groups = "base.group_user,fusion_billing.group_manager"
        staff = self._staff("kept_staff", groups, self.company)
        stranger = self._staff("kept_stranger", groups, abroad)
        self.assertTrue(one.with_user(staff).read())
        self.assertFalse(one.with_user(stranger).search([]))
        with self.assertRaises(AccessError):
            one.with_user(staff).write({"error": "x"})
        with self.assertRaises(AccessError):
            one.with_user(stranger).read()

    def _staff(self, login, groups, company):
        return self.env["res.users"].create(
            {
                "login": login,
                "name": login,
                "company_id": company.id,
                "company_ids": [(6, 0, company.ids)],
                "group_ids": [(6, 0, [self.env.ref(group).id for group in groups.split(",")])],
            }
        )
