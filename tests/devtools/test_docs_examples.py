"""What the reference shows in curl, Python and JavaScript is the same request, whatever is in it.

Each example is carried out by its own program, up to the network; skipped where there is no node.
"""

import json
import shutil
import subprocess
import sys
import unittest
from types import SimpleNamespace
from unittest.mock import patch
from urllib.parse import parse_qsl, quote, urlencode

from devtools.paths import ROOT

AWKWARD = 'it\'s "quoted" \\ $KEY `x` ${y} %s \n é 😀 </script>'
READ = {
    "verb": "GET",
    "url": "https://billing.example/fusion/api/v1/usage",
    "query": [("metric_code", AWKWARD), ("from", "2026-01-10T00:00:00+02:00")],
    "headers": {"Authorization": "Bearer …"},
    "isJson": True,
}
OPEN = {**READ, "url": "https://billing.example/fusion/api/v1/metrics", "query": [], "headers": {}}
WRITE = {
    "verb": "POST",
    "url": "https://billing.example/fusion/api/v1/usage",
    "query": [],
    "headers": {
        "Authorization": "Bearer …",
        "Content-Type": "application/json",
        "Idempotency-Key": "…",
    },
    "body": {"events": [{"value": AWKWARD, "no": None, "yes": True, "n": 1.5, "of": [], "in": {}}]},
    "isJson": True,
}
CHANGE = {**WRITE, "verb": "PATCH", "body": {}}
REQUESTS = {"read": READ, "open": OPEN, "write": WRITE, "change": CHANGE}

MAKE = """
const { LANGUAGES } = await import(process.argv[1]);
const requests = JSON.parse(process.argv[2]);
const write = (request) => Object.fromEntries(
    Object.entries(LANGUAGES).map(([name, { write }]) => [name, write(request)]));
console.log(JSON.stringify(Object.fromEntries(
    Object.entries(requests).map(([name, request]) => [name, write(request)]))));
"""
FETCH = """
process.env.KEY = "fbk_1";
let sent;
globalThis.fetch = async (url, options = {}) => {
    sent = { url, ...options };
    return { status: 200, json: async () => ({}), text: async () => "" };
};
"""


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return done.stdout


@unittest.skipUnless(shutil.which("node"), "there is no node")
class TestDocsExamples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        script = ROOT / "static" / "api_docs" / "examples.js"
        # A name that is read as a module: there is no package that says so.
        module = f"data:text/javascript,{quote(script.read_text())}"
        made = run("node", "--input-type=module", "-e", MAKE, module, json.dumps(REQUESTS))
        cls.examples = json.loads(made)

    def assertSent(self, name, verb, url, headers, body):
        request = REQUESTS[name]
        address, _mark, query = url.partition("?")
        self.assertEqual((verb, address), (request["verb"], request["url"]))
        self.assertEqual(parse_qsl(query), request["query"])
        self.assertEqual(body, request.get("body"))
        self.assertEqual(set(headers), set(request["headers"]))
        if "Authorization" in headers:
            self.assertEqual(headers["Authorization"], "Bearer fbk_1")
        if "Idempotency-Key" in headers:
            self.assertRegex(headers["Idempotency-Key"], r"^[\w-]{30,}$")

    def test_curl(self):
        for name, examples in self.examples.items():
            with self.subTest(name):
                shell = (
                    "curl() { printf '%s\\0' \"$@\"; }; uuidgen() { printf %036d 7; }; KEY=fbk_1\n"
                )
                words = run("bash", "-c", shell + examples["curl"]).split("\0")[:-1]
                told = {"-H": [], "-X": [], "-d": []}
                url = None
                while words:
                    word = words.pop(0)
                    if word in told:
                        told[word].append(words.pop(0))
                    else:
                        url = word
                body = json.loads(told["-d"][0]) if told["-d"] else None
                verb = (told["-X"] or ["POST" if told["-d"] else "GET"])[0]
                headers = dict(header.split(": ", 1) for header in told["-H"])
                self.assertSent(name, verb, url, headers, body)

    def test_python(self):
        for name, examples in self.examples.items():
            with self.subTest(name):
                sent = []

                def send(verb, url, params=None, headers=None, json=None, timeout=None, sent=sent):
                    query = f"?{urlencode(params)}" if params else ""
                    sent.append((verb, url + query, headers or {}, json))
                    return SimpleNamespace(status_code=200, json=dict, text="")

                verbs = ("get", "post", "patch", "delete")
                fake = SimpleNamespace(
                    **{
                        verb: lambda *args, verb=verb, **more: send(verb.upper(), *args, **more)
                        for verb in verbs
                    }
                )
                with (
                    patch.dict(sys.modules, requests=fake),
                    patch.dict("os.environ", KEY="fbk_1"),
                    patch("builtins.print"),
                ):
                    exec(examples["python"], {})  # noqa: S102 it is the example
                [[verb, url, headers, body]] = sent
                if body is not None:
                    headers["Content-Type"] = "application/json"  # requests says it by itself
                self.assertSent(name, verb, url, headers, body)

    def test_javascript(self):
        for name, examples in self.examples.items():
            with self.subTest(name):
                code = examples["javascript"].replace("console.log", "(() => {})")
                end = "\nconsole.log(JSON.stringify(sent));"
                sent = json.loads(run("node", "--input-type=module", "-e", FETCH + code + end))
                body = json.loads(sent["body"]) if "body" in sent else None
                verb, headers = sent.get("method", "GET"), sent.get("headers", {})
                self.assertSent(name, verb, sent["url"], headers, body)
