import logging
from datetime import timedelta
from hashlib import sha256

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from odoo.addons.fusion_billing.models.api import access

from ..api_case import ApiCase


@tagged("post_install", "-at_install")
class TestApiKeys(ApiCase):
    """A2: keys are shown once, stored only as a hash; rotation overlaps."""

    def _key_of(self, raw):
        return self.env["fusion.billing.api.key"].search(
            [("key_hash", "=", sha256(raw.encode()).hexdigest())]
        )

    def assertRefused(self, raw):
        """Every bad key gets the same answer, so that nobody learns what was bad about it."""
        response = self.get("/catalog", key=raw)
        answer = self.assertError(response, 401, "unauthorized")
        self.assertEqual(response.headers["WWW-Authenticate"], "Bearer")
        del answer["request_id"]
        self.assertEqual(
            answer,
            {
                "status": "error",
                "code": "unauthorized",
                "error": "The API key is missing, unknown, expired or revoked.",
            },
        )

    # === WHAT IS STORED === #

    def test_a_key_is_256_random_bits_that_are_stored_nowhere(self):
        """A2."""
        self.assertRegex(self.key, r"^fbk_[A-Za-z0-9_-]{43}$")
        self.assertNotEqual(self.key, self.service._generate_api_key())
        self.env.flush_all()
        self.env.cr.execute("SELECT row_to_json(k)::text FROM fusion_billing_api_key k")
        stored = "".join(row for [row] in self.env.cr.fetchall())
        self.assertNotIn(self.key[12:], stored)
        self.assertIn(sha256(self.key.encode()).hexdigest(), stored)

    def test_staff_see_how_a_key_begins_but_not_its_hash(self):
        """A2."""
        manager = new_test_user(self.env, "manager", groups="fusion_billing.group_manager")
        key = self._key_of(self.key).with_user(manager)
        self.assertEqual(key.prefix, self.key[:12])
        with self.assertRaises(AccessError):
            key.read(["key_hash"])

    def test_only_managers_make_keys(self):
        """A2."""
        for group in ("fusion_billing.group_user", "base.group_portal"):
            user = new_test_user(self.env, group, groups=group)
            with self.assertRaises(AccessError):
                self.service.with_user(user)._generate_api_key()
            with self.assertRaises(AccessError):
                self.env["fusion.billing.api.key.wizard"].with_user(user).create(
                    {"service_id": self.service.id}
                )

    # === WHO GETS IN === #

    def test_a_key_names_its_service(self):
        other = self._service("nexadesk")
        self._link("theirs", service=other)
        answer = self.assertOk(self.get("/customers", key=other._generate_api_key()))
        self.assertEqual([c["external_id"] for c in answer["customers"]], ["theirs"])

    def test_the_scheme_is_written_in_any_case(self):
        for scheme in ("bearer", "BEARER"):
            self.assertOk(self.get("/catalog", headers={"Authorization": f"{scheme} {self.key}"}))

    def test_a_request_without_a_key_is_refused(self):
        for value in ("", "Bearer", "Bearer ", self.key, f"Basic {self.key}", f"Bearer{self.key}"):
            with self.subTest(value=value):
                response = self.get("/catalog", headers={"Authorization": value})
                self.assertError(response, 401, "unauthorized")

    def test_a_wrong_key_is_refused(self):
        """A2."""
        for raw in (
            "x",
            "fbk_",
            "fbk_" + "A" * 43,
            self.key[:-1],
            self.key + "A",
            self.key.swapcase(),
            sha256(self.key.encode()).hexdigest(),
            f"{self.key} {self.key}",
            "fbk_" + "'" * 43,
            b"fbk_" + b"\xff" * 43,
            "fbk_ä".encode(),
            b"\xc3\x28",
            "x" * 10_000,
        ):
            with self.subTest(raw=raw):
                value = raw if isinstance(raw, bytes) else raw.encode()
                response = self.get("/catalog", headers={"Authorization": b"Bearer " + value})
                self.assertError(response, 401, "unauthorized")

    def test_a_revoked_key_is_refused(self):
        """A2."""
        self._key_of(self.key).active = False
        self.assertRefused(self.key)

    def test_a_key_is_refused_from_its_expiry_on(self):
        """A2."""
        now = fields.Datetime.now()
        expired = self.service._generate_api_key(expires_at=now)
        self.assertRefused(expired)
        valid = self.service._generate_api_key(expires_at=now + timedelta(hours=1))
        self.assertOk(self.get("/catalog", key=valid))

    def test_the_keys_of_an_archived_service_are_refused(self):
        """A2."""
        self.service.active = False
        self.assertRefused(self.key)

    def test_a_key_does_not_open_anything_else(self):
        """It is no password of a user, and the technical user has none."""
        response = self.url_open(
            "/json/2/res.partner/search",
            data="{}",
            allow_redirects=False,
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        self.assertEqual(response.status_code, 401)
        user = self.env.ref("fusion_billing.user_api")
        self.assertFalse(user._is_internal())
        self.assertFalse(user.active)

    def test_requests_run_as_the_technical_user_in_the_company_of_the_service(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        service = self._service("elsewhere", company_id=company.id)
        answer = self.assertOk(
            self.post("/customers", {"external_id": "e-1"}, key=service._generate_api_key()), 201
        )
        partner = self.env["res.partner"].browse(answer["partner_id"])
        self.assertEqual(partner.company_id, company)
        self.assertEqual(partner.create_uid, self.env.ref("fusion_billing.user_api"))
        self.assertEqual(
            self.assertOk(self.get("/catalog", key=service._generate_api_key())),
            {"plans": [], "metrics": [], "charges": []},
        )

    # === THE TRACES OF A KEY === #

    def test_the_use_of_a_key_is_noted_once_an_hour(self):
        key = self._key_of(self.key)
        self.assertFalse(key.last_used_at)
        self.post("/customers", {"external_id": "x"})
        key.invalidate_recordset()
        first = key.last_used_at
        self.assertAlmostEqual(first, fields.Datetime.now(), delta=timedelta(minutes=1))
        for hours, noted in ((0.9, False), (1.1, True)):
            before = first - timedelta(hours=hours)
            key.last_used_at = before
            self.post("/customers", {"external_id": "x"})
            key.invalidate_recordset()
            self.assertEqual(key.last_used_at > before, noted)

    def test_reading_does_not_write(self):
        """A read can be answered by a replica."""
        self.assertOk(self.get("/catalog"))
        key = self._key_of(self.key)
        key.invalidate_recordset()
        self.assertFalse(key.last_used_at)

    def test_no_key_reaches_the_log(self):
        """A2."""
        wrong = self.key[:-4] + "AAAA"
        with self.assertLogs(level=logging.DEBUG) as logs:
            for raw in (self.key, wrong):
                self.get("/catalog", key=raw)
                self.post("/customers", {"external_id": "x"}, key=raw)
                self.post("/usage", b"{", key=raw)
        self.assertIn("unauthorized", "".join(logs.output))
        for raw in (self.key, wrong):
            self.assertNotIn(raw[4:], "".join(logs.output))

    # === THE WIZARD === #

    def _wizard(self, **vals):
        manager = new_test_user(self.env, "manager", groups="fusion_billing.group_manager")
        return (
            self.env["fusion.billing.api.key.wizard"]
            .with_user(manager)
            .create({"service_id": self.service.id, **vals})
        )

    def test_the_wizard_shows_the_key_once(self):
        """A2."""
        action = self._wizard(name="Production").action_generate()
        raw = action["context"]["default_key"]
        self.assertEqual(self._key_of(raw).name, "Production")
        shown = self.env[action["res_model"]].with_context(**action["context"])
        self.assertEqual(shown.default_get(["key"]), {"key": raw})
        self.assertTrue(shown._abstract)
        self.assertOk(self.get("/catalog", key=raw))

    def test_a_rotation_lets_the_old_key_work_for_the_overlap(self):
        """A2."""
        self._wizard(expire_others=True, overlap_hours=48).action_generate()
        expiry = self._key_of(self.key).expires_at
        self.assertAlmostEqual(
            expiry, fields.Datetime.now() + timedelta(hours=48), delta=timedelta(minutes=1)
        )
        self.assertOk(self.get("/catalog"))

    def test_a_rotation_does_not_lengthen_the_life_of_a_key(self):
        """A2."""
        soon = fields.Datetime.now() + timedelta(hours=1)
        self._key_of(self.key).expires_at = soon
        self._wizard(expire_others=True, overlap_hours=48).action_generate()
        self.assertEqual(self._key_of(self.key).expires_at, soon)

    def test_without_rotation_the_old_keys_stay(self):
        self._wizard().action_generate()
        self.assertFalse(self._key_of(self.key).expires_at)

    def test_a_rotation_without_overlap_ends_the_old_key_at_once(self):
        """A2."""
        self._wizard(expire_others=True, overlap_hours=0).action_generate()
        self.assertRefused(self.key)

    def test_the_hash_is_compared_in_constant_time(self):
        """A2."""
        compared = []
        self.patch(
            access, "consteq", lambda left, right: compared.append((left, right)) or left == right
        )
        self.assertOk(self.get("/catalog"))
        key_hash = sha256(self.key.encode()).hexdigest()
        self.assertEqual(compared, [(key_hash, key_hash)])
