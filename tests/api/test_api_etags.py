from odoo.tests import tagged

from ...core.api.endpoints import ALL
from ..api_case import ApiCase

CACHED = ("/catalog", "/plans", "/plans/pro", "/metrics/api_calls", "/openapi.json")


@tagged("post_install", "-at_install")
class TestApiEtags(ApiCase):
    """Who asks again for what changes rarely gets it if it has changed, and nothing otherwise."""

    def _ask(self, path, known, verb="GET"):
        return self.send(verb, path, headers={"If-None-Match": known})

    def assertUnchanged(self, response, tag):
        self.assertEqual((response.status_code, response.content), (304, b""))
        self.assertEqual(response.headers["ETag"], tag)
        self.assertEqual(response.headers["Cache-Control"], "private, no-cache")
        self.assertTrue(response.headers["X-Request-Id"])

    def test_what_is_known_is_not_sent_again(self):
        for path in CACHED:
            tag = self.get(path).headers["ETag"]
            self.assertRegex(tag, r'^"[0-9a-f]{32}"$')
            for known in (tag, f"W/{tag}", f'"x", {tag}', f'W/"x" , W/{tag}', "*"):
                for verb in ("GET", "HEAD"):
                    with self.subTest(path=path, known=known, verb=verb):
                        self.assertUnchanged(self._ask(path, known, verb), tag)

    def test_what_is_known_otherwise_is_sent(self):
        for path in CACHED:
            tag = self.get(path).headers["ETag"]
            for known in ('"x"', "", "x", tag[:-2] + '"', tag.strip('"').upper(), '"', ",,", "é"):
                with self.subTest(path=path, known=known):
                    response = self._ask(path, known.encode())
                    self.assertEqual(response.status_code, 200)
                    self.assertEqual(response.headers["ETag"], tag)
                    self.assertTrue(response.content)

    def test_another_answer_is_known_by_another_tag(self):
        first = self.get("/catalog").headers["ETag"]
        self.assertEqual(self.get("/catalog").headers["ETag"], first)
        self.plan.name = "Pro, for teams"
        response = self._ask("/catalog", first)
        self.assertOk(response)
        self.assertNotEqual(response.headers["ETag"], first)
        self.assertNotEqual(self.get("/plans").headers["ETag"], self.get("/plans?limit=1").headers)

    def test_a_key_is_asked_for_first(self):
        tag = self.get("/catalog").headers["ETag"]
        response = self.get("/catalog", key="fbk_", headers={"If-None-Match": tag})
        self.assertError(response, 401, "unauthorized")
        self.assertNotIn("ETag", response.headers)

    def test_everything_else_is_kept_nowhere(self):
        self.assertLessEqual({one.path for one in ALL if one.is_cached}, {*_declared(CACHED)})
        for path in ("/customers", "/usage", "/invoices", "/keys", "/health", "/plans/nothing"):
            with self.subTest(path=path):
                response = self._ask(path, "*")
                self.assertIn(response.status_code, (200, 404))
                self.assertNotIn("ETag", response.headers)
                self.assertEqual(response.headers["Cache-Control"], "no-store")

    def test_the_description_says_so(self):
        paths = self.get("/openapi.json").json()["paths"]
        for path in _declared(CACHED):
            operation = paths[path]["get"]
            self.assertIn("304", operation["responses"])
            self.assertIn("ETag", operation["responses"]["200"]["headers"])
            self.assertIn("If-None-Match", [one["name"] for one in operation["parameters"]])
        self.assertNotIn("304", paths["/invoices"]["get"]["responses"])


def _declared(paths):
    """Return paths as they are declared."""
    varying = {"/plans/pro": "/plans/{plan_code}", "/metrics/api_calls": "/metrics/{metric_code}"}
    return [varying.get(path, path) for path in paths]
