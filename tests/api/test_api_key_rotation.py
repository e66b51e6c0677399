import logging
from datetime import timedelta
from hashlib import sha256

from odoo import fields
from odoo.tests import new_test_user, tagged

from ...core.api.endpoints import ALL
from ...core.api.scopes import FIELDS
from ..api_case import ApiCase

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@tagged("post_install", "-at_install")
class TestApiKeyRotation(ApiCase):
    """A2: an app sees its keys, replaces its own and revokes others, if staff let it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.master = cls.service._generate_api_key(
            name="master",
            scope_keys_write=True,
            scope_billing_write=False,
            allowed_networks="127.0.0.0/8, ::1",
        )
        cls.other = cls._service("nexadesk")
        cls.foreign = cls.other._generate_api_key()

    def _key_of(self, raw):
        self.env.invalidate_all()
        return (
            self.env["fusion.billing.api.key"]
            .with_context(active_test=False)
            .search([("key_hash", "=", sha256(raw.encode()).hexdigest())])
        )

    def _rotate(self, key=None, **values):
        return self.assertOk(self.post("/keys/rotate", values, key=key or self.master), 201)

    def _revoke(self, raw, key=None):
        return self.send("DELETE", f"/keys/{self._key_of(raw).id}", key=key or self.master)

    def assertEnds(self, raw, after):
        end = self._key_of(raw).expires_at
        self.assertAlmostEqual(end, fields.Datetime.now() + after, delta=MINUTE)

    # === LOOKING === #

    def test_the_list_tells_of_the_service_s_keys_and_which_one_asks(self):
        keys = {key["name"]: key for key in self.assertOk(self.get("/keys"))["keys"]}
        self.assertEqual(keys.keys(), {"API key of nexacloud", "master"})
        master = keys["master"]
        self.assertEqual(master["prefix"], self.master[:12])
        self.assertEqual(master["scopes"], ["usage:write", "read", "webhooks:write", "keys:write"])
        self.assertEqual(master["networks"], ["127.0.0.0/8", "::1"])
        self.assertIsNone(master["expires_at"])
        self.assertEqual([keys[name]["is_asking"] for name in sorted(keys)], [True, False])
        self.assertEqual(keys["API key of nexacloud"]["networks"], [])

    def test_nothing_that_lets_in_is_listed(self):
        text = self.get("/keys").text
        for raw in (self.key, self.master, self.foreign):
            self.assertNotIn(raw[12:], text)
            self.assertNotIn(sha256(raw.encode()).hexdigest(), text)
        self.assertNotIn(self.foreign[:12], text)

    def test_a_revoked_key_is_not_listed(self):
        self._key_of(self.key).active = False
        keys = self.assertOk(self.get("/keys", key=self.master))["keys"]
        self.assertEqual([key["name"] for key in keys], ["master"])

    # === ROTATING === #

    def test_a_new_key_is_for_the_same_and_from_the_same_networks(self):
        answer = self._rotate()
        new, old = self._key_of(answer["key"]), self._key_of(self.master)
        for field in (*FIELDS.values(), "allowed_networks", "name", "service_id"):
            self.assertEqual(new[field], old[field], field)
        self.assertFalse(new.expires_at)
        self.assertEqual(answer["scopes"], old._scopes())
        self.assertFalse(answer["is_asking"])
        self.assertOk(self.get("/catalog", key=answer["key"]))
        self.assertError(
            self.post("/customers", {"external_id": "x"}, key=answer["key"]),
            403,
            "insufficient_scope",
        )

    def test_the_old_key_ends_after_the_overlap_and_the_others_stay(self):
        for hours, raw in ((168, self.master), (None, self._rotate(overlap_hours=168)["key"])):
            self._rotate(raw, **({} if hours is None else {"overlap_hours": hours}))
            self.assertEnds(raw, timedelta(hours=24 if hours is None else hours))
        self.assertFalse(self._key_of(self.key).expires_at)
        self.assertFalse(self._key_of(self.foreign).expires_at)

    def test_without_overlap_the_old_key_ends_at_once(self):
        answer = self._rotate(overlap_hours=0)
        self.assertError(self.get("/catalog", key=self.master), 401, "unauthorized")
        self.assertOk(self.get("/catalog", key=answer["key"]))

    def test_no_rotation_outlives_what_staff_said(self):
        """Neither the new key nor the old one."""
        end = fields.Datetime.now() + 10 * DAY
        self._key_of(self.master).expires_at = end
        first = self._rotate(overlap_hours=1)["key"]
        second = self._rotate(first, overlap_hours=168)["key"]
        self.assertEqual(self._key_of(second).expires_at, end)
        soon = fields.Datetime.now() + timedelta(minutes=30)
        self._key_of(second).expires_at = soon
        self._rotate(second, overlap_hours=168)
        self.assertEqual(self._key_of(second).expires_at, soon)

    def test_a_key_whose_answer_was_lost_ends_with_the_one_that_asks_again(self):
        lost = self._rotate(overlap_hours=24)["key"]
        found = self._rotate(overlap_hours=2)["key"]
        self.assertEnds(self.master, timedelta(hours=2))
        self.assertEnds(lost, timedelta(hours=2))
        self.assertFalse(self._key_of(found).expires_at)
        again = self._rotate(lost)["key"]
        self.assertFalse(self._key_of(again).expires_at)
        self.assertEnds(found, timedelta(hours=24))

    def test_a_rotation_is_told_in_the_chatter_without_the_key(self):
        raw = self._rotate()["key"]
        told = " ".join(self.service.message_ids.mapped("body"))
        self.assertIn(f"{raw[:12]}… was generated", told)
        self.assertIn(f"{self.master[:12]}… ends on", told)
        self.assertNotIn(raw[12:], told)
        author = self.service.message_ids[0].author_id
        self.assertEqual(author, self.env.ref("fusion_billing.user_api").partner_id)

    def test_a_new_key_is_told_once_and_nowhere_else(self):
        with self.assertLogs(level=logging.DEBUG) as logs:
            response = self.post("/keys/rotate", {}, key=self.master)
        raw = response.json()["key"]
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertNotIn(raw[4:], "".join(logs.output))
        self.assertNotIn(raw[12:], self.get("/keys", key=self.master).text)
        secret = {one.name for one in ALL if one.tells_secret}
        self.assertEqual(secret, {"rotate_key", "rotate_secret"})

    def test_hours_are_a_number_from_0_to_168(self):
        for hours in (-1, 169, 1.5, "soon", True, [], 10**30):
            with self.subTest(hours=hours):
                response = self.post("/keys/rotate", {"overlap_hours": hours}, key=self.master)
                self.assertError(response, 400, "invalid_overlap_hours", "overlap_hours")
        self.assertFalse(self._key_of(self.master).expires_at)

    def test_nobody_may_write_which_key_took_the_place_of_another(self):
        """A2: a rotation would hand on the end of that one."""
        manager = new_test_user(self.env, "manager", groups="fusion_billing.group_manager")
        key = self._key_of(self.key).with_user(manager)
        with self.assertRaisesRegex(Exception, "replaced_by_id|access"):
            key.write({"replaced_by_id": self._key_of(self.master).id})

    # === REVOKING === #

    def test_another_key_is_revoked_once_and_for_all(self):
        answer = self.assertOk(self._revoke(self.key))
        self.assertEqual(answer["prefix"], self.key[:12])
        self.assertTrue(answer["revoked"])
        self.assertError(self.get("/catalog"), 401, "unauthorized")
        told = self.service.message_ids
        self.assertEqual(self.assertOk(self._revoke(self.key)), answer)
        self.assertEqual(self.service.message_ids, told)
        self.assertIn("was revoked", told[0].body)

    def test_a_length_of_nothing_is_a_length(self):
        path = f"/keys/{self._key_of(self.key).id}"
        self.assertOk(self.send("DELETE", path, b"", key=self.master))
        self.assertOk(self.send("DELETE", path, {}, key=self.master))
        response = self.send("DELETE", path, {"force": True}, key=self.master)
        self.assertError(response, 400, "unknown_field", "force")

    def test_the_key_that_asks_does_not_revoke_itself(self):
        self.assertError(self._revoke(self.master), 400, "invalid_state")
        self.assertOk(self.get("/catalog", key=self.master))

    def test_a_key_of_another_service_is_not_there(self):
        """U1."""
        nothing = self.send("DELETE", "/keys/999999999", key=self.master).json()["error"]
        for name in (self._key_of(self.foreign).id, 2**31, "x", "-1", "١", 0):
            with self.subTest(name=name):
                response = self.send("DELETE", f"/keys/{name}", key=self.master)
                self.assertEqual(self.assertError(response, 404, "not_found")["error"], nothing)
        self.assertTrue(self._key_of(self.foreign).active)

    # === WHO MAY === #

    def test_no_key_may_unless_somebody_ticks_it(self):
        self.assertNotIn("keys:write", self._key_of(self.key)._scopes())
        for response in (self.post("/keys/rotate"), self._revoke(self.master, self.key)):
            self.assertError(response, 403, "insufficient_scope")

    def test_a_key_that_is_remembered_and_was_changed_just_now_does_nothing(self):
        self.remember_keys()
        self.get("/catalog", key=self.master)
        for change in (
            "UPDATE fusion_billing_api_key SET active = false WHERE prefix = %s",
            "UPDATE fusion_billing_api_key SET scope_keys_write = false WHERE prefix = %s",
        ):
            with self.subTest(change=change):
                self.env.cr.execute(change, [self.master[:12]])
                self.env.invalidate_all()
                response = self.post("/keys/rotate", key=self.master)
                self.assertError(response, 400, "invalid_state")
                self.assertError(self._revoke(self.key), 400, "invalid_state")
                self.env.cr.execute("UPDATE fusion_billing_api_key SET active = true")
