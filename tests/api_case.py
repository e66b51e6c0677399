import json
from contextlib import contextmanager

from odoo.tests import HttpCase

from ..core.api import traffic
from ..models.api import access
from .api_description import differences
from .common import BillingCase

START = "2026-01-01"


class ApiCase(BillingCase, HttpCase):
    """A service with a key, one customer of it, and requests over HTTP as the app sends them."""

    # Who has something else answer than what does says no.
    answers_as_declared = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service = cls._service("nexacloud")
        cls.key = cls.service._generate_api_key()
        cls.link = cls._link("acme")

    def setUp(self):
        super().setUp()
        # Whoever counts queries counts none of those that store the server's figures.
        self.patch(traffic, "STORED_EVERY", 3600)

    @classmethod
    def _own_subscription(cls, external_id, start=START, **vals):
        """A subscription that the app created under this external id."""
        return cls._subscribe(
            start, fusion_service_id=cls.service.id, fusion_external_id=external_id, **vals
        )

    @classmethod
    def _event(cls, **fields):
        """A good event of sub-42; a field that is None is left out."""
        event = {
            "subscription_external_id": "sub-42",
            "metric_code": "api_calls",
            "quantity": "1250.5",
            "period_start": "2026-01-10T00:00:00Z",
            "period_end": "2026-01-10T01:00:00Z",
            **fields,
        }
        return {name: value for name, value in event.items() if value is not None}

    def remember_keys(self):
        """Let no key be looked up again for being remembered for a second: who counts queries
        counts them on a busy machine, too.
        """
        self.patch(access, "REMEMBERED", 3600)

    # === REQUESTS === #

    def send(self, method, path, body=None, key=None, headers=None, **kwargs):
        """Send a request to the API and return the response.

        :param body: an object to send as JSON, or bytes to send as they are
        :param str key: the class's own if empty
        """
        headers = {"Authorization": f"Bearer {key or self.key}", **(headers or {})}
        if body is not None:
            kwargs["data"] = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        response = self.url_open(
            f"/fusion/api/v1{path}", method=method, headers=headers, allow_redirects=False, **kwargs
        )
        if self.answers_as_declared:
            self.assertEqual(list(map(str, differences(method, path, response))), [], response.text)
        return response

    def get(self, path, **kwargs):
        return self.send("GET", path, **kwargs)

    def post(self, path, body=None, **kwargs):
        return self.send("POST", path, {} if body is None else body, **kwargs)

    def push(self, *events, **kwargs):
        return self.post("/usage", {"events": list(events)}, **kwargs)

    # === ASSERTIONS === #

    def assertOk(self, response, status=200):
        """The answer is a success: return what it says."""
        self.assertEqual(response.status_code, status, response.text)
        self.assertAnswer(response)
        answer = response.json()
        self.assertEqual(answer.pop("status"), "ok")
        return answer

    def assertError(self, response, status, code, field=None):
        """The answer is the documented error, in the one shape that errors have (A1)."""
        self.assertEqual((response.status_code, response.text[:1]), (status, "{"), response.text)
        self.assertAnswer(response)
        answer = response.json()
        self.assertEqual((answer["code"], answer.get("field")), (code, field), response.text)
        self.assertEqual(answer["status"], "error")
        self.assertTrue(answer["error"].endswith("."), answer["error"])
        self.assertEqual(answer["request_id"], response.headers["X-Request-Id"])
        for leak in ("Traceback", "/odoo/", ".py", "psycopg2", "fusion_billing_"):
            self.assertNotIn(leak, response.text)
        return answer

    def assertAnswer(self, response):
        """What every answer has, whatever it says."""
        self.assertEqual(response.headers["Content-Type"], "application/json")
        self.assertTrue(response.headers["X-Request-Id"])
        self.assertNotIn("Set-Cookie", response.headers)
        self.assertNotIn("Location", response.headers)

    @contextmanager
    def assertNothingWritten(self):
        """Nothing that the API can write is written."""
        before = self._count_records()
        yield
        self.env.invalidate_all()
        self.assertEqual(self._count_records(), before)

    def _count_records(self):
        return {
            model: self.env[model].with_context(active_test=False).search_count([])
            for model in (
                "fusion.billing.usage",
                "fusion.billing.usage.correction",
                "fusion.billing.rating.request",
                "fusion.billing.account.link",
                "sale.order",
                "sale.order.line",
                "res.partner",
            )
        }
