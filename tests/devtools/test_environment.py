"""Packages come from where pip is set up to find them."""

import unittest
from unittest import mock

from devtools import environment


class TestRegistry(unittest.TestCase):
    def test_what_pip_is_told_uv_is_told(self):
        listed = (
            "global.index-url='https://a.example/simple'\n"
            "global.extra-index-url='https://b.example/x https://c.example/y'\n"
            "global.find-links='/wheels /more'\nglobal.timeout='60'\n"
            "global.cert='/etc/ca.pem'\ninstall.trusted-host='a.example'\nglobal.no-index='true'\n"
        )
        self.assertEqual(
            environment.translated(listed),
            {
                "UV_DEFAULT_INDEX": "https://a.example/simple",
                "UV_INDEX": "https://b.example/x https://c.example/y",
                "UV_INDEX_STRATEGY": "unsafe-best-match",
                "UV_FIND_LINKS": "/wheels,/more",
                "UV_INSECURE_HOST": "a.example",
                "UV_NO_INDEX": "true",
                "SSL_CERT_FILE": "/etc/ca.pem",
            },
        )

    def test_the_environment_goes_before_files_as_with_pip(self):
        listed = (
            ":env:.index-url='https://environment.example'\n"
            "download.index-url='https://other.example'\n"
            "global.index-url='https://file.example'\n"
            "install.index-url='https://command.example'\n"
        )
        self.assertEqual(
            environment.translated(listed), {"UV_DEFAULT_INDEX": "https://environment.example"}
        )

    def test_pip_without_settings_is_uv_without_settings(self):
        self.assertEqual(environment.translated(""), {})

    def test_what_uv_is_told_itself_stays(self):
        listed = "global.index-url='https://file.example'\nglobal.cert='/etc/ca.pem'\n"
        done = mock.Mock(stdout=listed)
        with (
            mock.patch.object(environment.subprocess, "run", return_value=done),
            mock.patch.dict("os.environ", {"UV_DEFAULT_INDEX": "https://mine.example"}),
        ):
            settings = environment.uv_settings()
        self.assertNotIn("UV_DEFAULT_INDEX", settings)
        self.assertEqual(settings["UV_SYSTEM_CERTS"], "1")
