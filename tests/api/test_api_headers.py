from unittest.mock import patch

from odoo.http import request
from odoo.tests import tagged

from ..api_case import ApiCase

LANGUAGES = (
    "fr",
    "fr-BE",
    "zh-Hant-TW",
    "pt-BR,pt;q=0.9,*;q=0.1",
    "xx-YY",
    "*",
    "-",
    "a" * 2000,
    "fr_FR",
    "é".encode(),
)


@tagged("post_install", "-at_install")
class TestApiHeaders(ApiCase):
    """A1: no header but the key says as whom, where and in which language a request runs."""

    answers_as_declared = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._own_subscription("sub-42")

    def assertLikeAnyOther(self, headers=None, cookies=None):
        """The request is served as it is without the headers: a reading and a writing one."""
        seen = {}
        catalog = self.env.registry["fusion.billing.api.catalog"]

        def look(records, service, query):
            env = service.env
            seen.update(env.context, uid=env.uid, su=env.su, session=request.session.uid)
            return {}

        sent = {"headers": headers or {}, "cookies": cookies or {}}
        with self.subTest(**sent), patch.object(catalog, "_read", look):
            self.assertOk(self.get("/catalog", **sent))
            self.assertEqual(
                seen,
                {
                    "uid": self.env.ref("fusion_billing.user_api").id,
                    "su": False,
                    "session": None,
                    "allowed_company_ids": [self.service.company_id.id],
                    "lang": "en_US",
                    "tz": "UTC",
                },
            )
            self.assertOk(self.push(self._event(), **sent))
            self.assertError(self.get("/nothing", **sent), 404, "not_found")

    def test_a_language_that_is_not_active_changes_nothing(self):
        for language in LANGUAGES:
            self.assertLikeAnyOther({"Accept-Language": language})

    def test_a_language_that_is_active_changes_nothing(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.assertLikeAnyOther({"Accept-Language": "fr-FR"})
        self.assertLikeAnyOther(cookies={"frontend_lang": "fr_FR"})

    def test_the_session_of_somebody_who_is_logged_in_changes_nothing(self):
        self.authenticate("admin", "admin")
        self.assertLikeAnyOther()
        for cookies in ({"tz": "Asia/Tokyo"}, {"frontend_lang": "xx_XX"}, {"cids": "999"}):
            self.assertLikeAnyOther(cookies=cookies)

    def test_a_session_that_is_broken_changes_nothing(self):
        for session in ("x", "a" * 84, "../" * 28, '"', "a" * 5000):
            self.assertLikeAnyOther(cookies={"session_id": session})

    def test_what_a_proxy_says_changes_nothing(self):
        for headers in (
            {"X-Forwarded-Host": "evil.example", "X-Forwarded-For": "nobody", "Host": "x"},
            {"X-Forwarded-Proto": "gopher", "X-Forwarded-Port": "x", "Forwarded": "for=[::1"},
            {"Host": "x:port"},
            {"User-Agent": "\x01bot", "Referer": "//", "Origin": "null", "X-Real-IP": "?"},
        ):
            self.assertLikeAnyOther(headers)

    def test_a_language_of_the_company_that_is_not_active_is_english(self):
        self.env.cr.execute(
            "UPDATE res_partner SET lang = 'ja_JP' WHERE id = %s",
            (self.service.company_id.partner_id.id,),
        )
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        self.assertLikeAnyOther()
