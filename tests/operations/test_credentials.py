from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user

from ..common import BillingCase


class TestCredentials(BillingCase):
    """A2: what becomes of keys and secrets is told in the service's chatter, and they never are."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(
            cls.env, "keeper", groups="base.group_user,fusion_billing.group_manager"
        )
        cls.service = cls._service("nexacloud").with_user(cls.manager)
        cls.now = fields.Datetime.now()

    def _credentials(self):
        """A key and a secret, by how they are made."""
        yield self.service._generate_api_key(name="Production"), self.service.api_key_ids[0]
        raw = self.service._generate_webhook_secret()
        yield raw, self.env["fusion.billing.webhook.secret"].search([], limit=1)

    def _told(self):
        return self.service.message_ids[0]

    def test_a_new_one_is_told_with_who_made_it(self):
        for raw, credential in self._credentials():
            with self.subTest(credential._name):
                self.assertIn(credential.prefix, self._told().body)
                self.assertIn("generated", self._told().body)
                self.assertEqual(self._told().author_id, self.manager.partner_id)
                self.assertNotIn(raw, "".join(self.service.message_ids.mapped("body")))

    def test_whatever_is_changed_is_told(self):
        for _raw, credential in self._credentials():
            for change, word in (
                ({"expires_at": self.now + timedelta(days=7)}, "ends on"),
                ({"expires_at": False}, "does not end"),
                ({"active": False}, "revoked"),
                ({"active": True}, "in force again"),
            ):
                with self.subTest(credential._name, change=word):
                    credential.sudo().write(change)
                    self.assertIn(word, self._told().body)
            prefix = credential.prefix
            credential.sudo().unlink()
            self.assertIn("deleted", self._told().body)
            self.assertIn(prefix, self._told().body)

    def test_what_stays_as_it_was_is_not_told(self):
        for _raw, credential in self._credentials():
            told = self._told()
            credential.sudo().write({"active": True, "expires_at": False})
            self.assertEqual(self._told(), told)

    def test_one_that_has_expired_stays_expired(self):
        for _raw, credential in self._credentials():
            with self.subTest(credential._name):
                credential.sudo().expires_at = self.now - timedelta(hours=1)
                for end in (False, self.now + timedelta(days=1)):
                    with self.assertRaisesRegex(UserError, "has expired"):
                        credential.sudo().expires_at = end
                credential.sudo().expires_at = self.now - timedelta(hours=2)

    def test_a_rotation_tells_of_both(self):
        self.service._generate_api_key(name="Old")
        wizard = self.env["fusion.billing.api.key.wizard"].with_user(self.manager)
        wizard.create(
            {"service_id": self.service.id, "name": "New", "expire_others": True}
        ).action_generate()
        self.assertIn("generated", self.service.message_ids[0].body)
        self.assertIn("ends on", self.service.message_ids[1].body)
