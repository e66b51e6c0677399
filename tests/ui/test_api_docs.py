import json

from odoo.tests import tagged
from odoo.tests.common import _find_executable

from ..api_case import ApiCase
from ..tour_case import own_browser

PAGE = "/fusion/api/v1/docs"
HOSTILE = '<img src="x" onerror="window.hacked = true"><script>window.hacked = true</script>'
SCENE = """
const key = document.getElementById("key");
const section = (name) => document.getElementById(`op-${name}`);
const shown = (selector) => [...document.querySelectorAll(selector)]
    .filter((node) => node.checkVisibility());
function assert(holds, what) {
    if (!holds) throw new Error(`not so: ${what}`);
}
function assertEqual(one, other) {
    const [left, right] = [JSON.stringify(one), JSON.stringify(other)];
    assert(left === right, `${left} is ${right}`);
}
async function until(condition, what) {
    for (let tries = 0; tries < 200; tries++) {
        if (condition()) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`in vain: ${what}`);
}
function fill(name, values) {
    for (const [field, value] of Object.entries(values)) {
        const input = section(name).querySelector(`form [id$="-${field}"]`);
        input.value = value;
        input.dispatchEvent(new Event("input", { bubbles: true }));
    }
}
async function attempt(name, values = {}) {
    fill(name, values);
    const form = section(name).querySelector("form");
    form.querySelector(".status").replaceChildren();
    form.requestSubmit();
    await until(() => form.querySelector(".status strong"), `an answer of ${name}`);
    return {
        status: form.querySelector(".status strong").textContent.split(" ")[0],
        answer: JSON.parse(form.querySelector(".result pre").textContent),
        headers: form.querySelector(".result dl").textContent,
    };
}
"""


@tagged("post_install", "-at_install")
class TestApiDocs(ApiCase):
    """Developers read the API in a real browser, and try it."""

    def setUp(self):
        _find_executable()
        super().setUp()

    def browse(self, code, path=PAGE, **given):
        """Run JavaScript on the page.

        :param given: constants of the script
        """
        constants = "".join(f"const {name} = {json.dumps(one)};" for name, one in given.items())
        with own_browser():
            self.browser_js(
                path,
                f"(async () => {{{constants}{SCENE}{code}}})().then("
                "() => console.log('test successful'), (error) => console.error(error.stack))",
                ready="document.documentElement.dataset.ready === 'true'",
            )

    def test_requests_read_and_write_with_a_key_and_what_is_wrong_is_told(self):
        self.browse(
            """
            key.value = token;
            const registered = await attempt("register_customer");
            assertEqual(registered.status, "201");
            assertEqual(registered.answer.external_id, "cust-7");
            assert(registered.headers.includes("X-Request-Id"), "the request's id is shown");
            // It has a new Idempotency-Key each time: else the answer would be the first one.
            const again = await attempt("register_customer");
            assertEqual([again.status, again.answer.created], ["200", false]);
            assert(!again.headers.includes("Idempotency-Replayed"), "the key is another one");
            const read = await attempt("retrieve_customer", { external_id: "cust-7" });
            assertEqual([read.status, read.answer.name], ["200", "Acme Ltd"]);
            const listed = await attempt("list_customers", { limit: "1" });
            assertEqual(listed.answer.customers.length, 1);
            assert(!section("health").querySelector("pre").textContent.includes("Bearer"), "open");
            // What a browser keeps, or others can read.
            assertEqual([localStorage.length, sessionStorage.length], [0, 0]);
            const told = performance.getEntriesByType("resource").map((one) => one.name);
            assert(![location.href, document.cookie, ...told].join().includes(token), "no key");
            assert(told.every((one) => one.startsWith(location.origin)), "nothing from elsewhere");

            // What is wrong is told.
            key.value = "nonsense";
            const refused = await attempt("catalog");
            assertEqual([refused.status, refused.answer.code], ["401", "unauthorized"]);
            key.value = token;
            const wrong = await attempt("push_usage", { body: '{"events": []}' });
            assertEqual([wrong.status, wrong.answer.code], ["400", "invalid_events"]);
            fill("push_usage", { body: "{" });
            section("push_usage").querySelector("form").requestSubmit();
            const status = section("push_usage").querySelector(".status");
            await until(() => status.textContent.includes("could not be sent"), "a sentence");
            key.value = "\\u2603";
            section("catalog").querySelector("form").requestSubmit();
            const other = section("catalog").querySelector(".status");
            await until(() => other.textContent.includes("could not be sent"), "a sentence");
            """,
            token=self.key,
        )
        self.assertEqual(self.service.account_link_ids.sorted()[-1].external_id, "cust-7")

    def test_everything_is_there_and_can_be_found(self):
        self.browse(
            """
            const api = await (await fetch("/fusion/api/v1/openapi.json")).json();
            const operations = [...Object.values(api.paths), ...Object.values(api.webhooks)]
                .flatMap((verbs) => Object.values(verbs));
            for (const { operationId } of operations) {
                assert(section(operationId), `a section of ${operationId}`);
                assert(document.querySelector(`nav a[href="#op-${operationId}"]`), operationId);
            }
            assertEqual(document.querySelectorAll("section").length, operations.length);
            for (const text of ["usage:write", "duplicate_key_in_batch", "dimensions", "1250.5"])
                assert(section("push_usage").textContent.includes(text), text);
            assert(section("on_invoice_paid").textContent.includes("webhook-signature"), "headers");

            // The filter takes all words.
            const filter = document.getElementById("filter");
            filter.value = "Push Counters";
            filter.dispatchEvent(new Event("input"));
            assertEqual(shown("section").map((one) => one.id), ["op-push_usage"]);
            assertEqual(document.getElementById("found").textContent, `1 of ${operations.length}`);
            filter.value = "";
            filter.dispatchEvent(new Event("input"));
            assertEqual(shown("section").length, operations.length);

            // One language at a time, in every section, and what the form says.
            const example = () => shown("#op-retrieve_customer .example")
                .map((one) => one.textContent).join("|");
            fill("retrieve_customer", { external_id: "a/b" });
            assert(example().includes("curl '" + location.origin), "curl");
            assert(example().includes("/customers/a%2Fb"), "what the form says");
            const words = { python: "requests.get(", javascript: "await fetch(" };
            for (const [name, word] of Object.entries(words)) {
                section("health").querySelector(`[data-language=${name}]`).click();
                assert(example().includes(word), name);
                assert(!example().includes("|"), "no other language");
            }
            """
        )

    def test_what_a_description_or_an_answer_says_is_never_markup(self):
        self.link.partner_id.name = HOSTILE
        self.browse(
            """
            key.value = token;
            const { answer } = await attempt("retrieve_customer", { external_id: "acme" });
            assertEqual(answer.name, hostile);

            // Every text of the description, names of fields and of codes too.
            const kept = ["$ref", "url", "in"];
            const spoil = (one) => Array.isArray(one) ? one.map(spoil)
                : typeof one === "string" ? one + hostile
                : one && typeof one === "object"
                ? Object.fromEntries(Object.entries(one).map(([name, value]) =>
                    [name, kept.includes(name) ? value : spoil(value)]))
                : one;
            const api = await (await fetch("/fusion/api/v1/openapi.json")).json();
            for (const schema of Object.values(api.components.schemas))
                schema.properties = { [hostile]: { type: "string" }, ...schema.properties };
            const { show } = await import(document.querySelector("script[type=module]").src);
            show(spoil(api));
            assert(document.querySelector("main").textContent.includes("<img"), "it is shown");
            assertEqual(document.querySelectorAll("#columns img, #columns script").length, 0);

            // And if it were: the policy lets nothing of it run.
            const box = document.createElement("div");
            box.innerHTML = hostile;
            box.setAttribute("style", "color: rgb(1, 2, 3)");
            document.body.append(box);
            await new Promise((resolve) => setTimeout(resolve, 300));
            assertEqual(window.hacked, undefined);
            assert(getComputedStyle(box).color !== "rgb(1, 2, 3)", "no style stands in it");
            """,
            token=self.key,
            hostile=HOSTILE,
        )
        self.assertNotIn("hacked", self.url_open(PAGE).text)


@tagged("post_install", "-at_install")
class TestApiIndex(ApiCase):
    """Who opens the base path is told where everything is; the page is served as a page."""

    def test_the_base_path_says_where_everything_is(self):
        for path in ("/fusion/api/v1", "/fusion/api/v1/", "/fusion/api", "/fusion/api/"):
            for accept in ("*/*", "text/html"):
                response = self.url_open(path, headers={"Accept": accept}, allow_redirects=False)
                answer = self.assertOk(response)
                self.assertEqual(answer.keys(), {"version", "docs", "openapi", "health"})
        for name in ("docs", "openapi", "health"):
            self.assertEqual(self.url_open(answer[name]).status_code, 200, name)

    def test_the_base_path_takes_nothing(self):
        self.assertError(self.get("/?x=1"), 400, "unknown_field", "x")
        response = self.send("POST", "/", {})
        self.assertError(response, 405, "method_not_allowed")
        self.assertEqual(response.headers["Allow"], "GET, HEAD")

    def test_the_page_is_html_and_may_load_nothing_from_elsewhere(self):
        for path in (PAGE, "/fusion/api/docs"):
            response = self.url_open(path, allow_redirects=False)
            self.assertEqual(response.status_code, 200)
            self.assertEqual(response.headers["Content-Type"], "text/html; charset=utf-8")
            self.assertIn("default-src 'none'", response.headers["Content-Security-Policy"])
            self.assertEqual(response.headers["Referrer-Policy"], "no-referrer")
            self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
            self.assertTrue(response.headers["X-Request-Id"])
            self.assertNotIn("Set-Cookie", response.headers)

    def test_the_page_needs_no_key_and_minds_no_wrong_one(self):
        self.assertEqual(self.get("/docs", key="nonsense").status_code, 200)
        self.assertError(self.get("/docs?x=1"), 400, "unknown_field", "x")
        self.assertError(self.send("DELETE", "/docs"), 405, "method_not_allowed")
