"""The JavaScript client against the described API: its types are of it, and nothing is missing."""

import re

from api_server import Answer, Api
from js_case import JsCase, need_node

from core.api.endpoints import ALL
from devtools import js

setUpModule = need_node

VARYING = re.compile(r"\{\w+\}")

#: Calls every method; each list has one page.
CALL_EVERYTHING = """
import { Client } from "@nexa/fusion-billing";

const client = new Client(process.argv[1], "fbk_test", { attempts: 1 });
const found = [];
const methods = Object.getOwnPropertyNames(Client.prototype).filter((one) => one !== "constructor");
const called = new Set();
const known = new Proxy(client, {
  get: (target, name) => (...given) => (called.add(name), target[name](...given)),
});
const day = { date: "2026-01-20" };
const span = { failed_since: "2026-01-01T00:00:00Z" };
for (const answer of [
  known.index(), known.health(), known.openapi(), known.ready(), known.metricsText(),
  known.registerCustomer({ external_id: "c-1", name: "Acme" }), known.customer("c-1"),
  known.updateCustomer("c-1", { email: "a@acme.example" }), known.customerCollection("c-1"),
  known.createSubscription({ external_customer_id: "c-1", plan_code: "pro" }),
  known.subscription(1), known.pauseSubscription(1, day), known.resumeSubscription(1, day),
  known.cancelSubscription(1, day), known.changePlan(1, { plan_code: "pro" }),
  known.periodUsage(1, { period: "2026-01-10" }), known.upcomingInvoice(1, { at: "2026-01-20" }),
  known.items("s-1"), known.addItem("s-1", { product_code: "seat", quantity: 2 }),
  known.changeItem("s-1", 5, { quantity: 3 }), known.changes("s-1"),
  known.takeBackChange("s-1", "plan-7"), known.pushEvents([{}]), known.deleteUsage({ usage_id: 1 }),
  known.pushUsage([{}]), known.catalog(), known.aggregations(),
  known.estimate({ plan_code: "pro", quantities: { api_calls: "1" } }),
  known.reconcile({ rows: [] }), known.resend("evt_1"), known.resendAll(span),
  known.sendTestEvent(), known.invoice(1), known.invoicePdf(1), known.plan("pro"),
  known.metric("api_calls"), known.rotateKey(), known.revokeKey(2), known.endpoint(),
  known.changeEndpoint({ enabled: true }), known.rotateSecret(), known.delivery("evt_1"),
  known.sandboxClock(), known.advanceClock({ now: "2026-06-01T00:00:00Z" }), known.resetSandbox(),
]) found.push(await answer);
for (const list of [
  known.customers(), known.subscriptions(), known.usage({ metric_code: "api_calls" }),
  known.reconciliations(), known.reconciliationRows(1, { result: "mismatch" }),
  known.deliveries({ state: "failed" }), known.exportUsage(),
  known.invoices({ state: "draft" }), known.ledger({ due: true }), known.plans(), known.keys(),
]) for await (const one of list) found.push(one);
process.stdout.write(JSON.stringify(methods.filter((name) => !called.has(name))));
"""


class TestJsEndpoints(JsCase):
    def test_there_is_a_method_for_every_endpoint(self):
        names = ("customers", "subscriptions", "usage", "rows", "reconciliations", "deliveries")
        names += ("invoices", "plans", "keys")
        empty = {"status": "ok", "next_cursor": None, "queued": 0, "metrics": [], "reached": True}
        content = {name: [] for name in names} | empty

        class Agreeable(Api):
            def carry_out(self, request):
                return Answer(200, "" if request.path == "/usage/export" else content)

        with Agreeable() as api:
            self.assertEqual(self.run_node(CALL_EVERYTHING, api.url), "[]", "it calls every method")
        called = {f"{request.verb} {request.path}" for request in api.requests}
        routes = {
            one.name: re.compile(f"{one.verb} {VARYING.sub('[^/]+', one.path)}")
            for one in ALL
            if not one.is_page
        }
        missing = [name for name, one in routes.items() if not any(map(one.fullmatch, called))]
        self.assertEqual(missing, [], "the JavaScript client has no method for these")

    def test_the_types_are_those_of_the_described_api(self):
        is_current = js.SCHEMA.read_text() == js.types()
        self.assertTrue(is_current, "run ./dev types")

    def test_all_records_and_requests_have_types(self):
        written = js.SCHEMA.read_text()
        for endpoint in ALL:
            self.assertIn(f"    {endpoint.name}: {{", written)
