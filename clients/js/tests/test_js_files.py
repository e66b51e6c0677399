"""Node's own tests: each file `NAME.test.mjs` is a class here, and each of its tests a test."""

import json
import re
import subprocess

from js_case import TESTS, JsCase, need_node

setUpModule = need_node

NAME = re.compile(r'^test\(\s*(".*?(?<!\\)")', re.M)


class FileCase(JsCase):
    """Runs the file once; each method says what became of one test."""

    file = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        reporter = cls.package / "tests" / "reporter.mjs"
        done = subprocess.run(
            ["node", f"--test-reporter={reporter}", cls.package / "tests" / cls.file],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        cls.said = done.stderr[-4000:]
        told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        cls.outcomes = {one["name"]: one["failure"] for one in told}

    def check(self, name):
        self.assertIn(name, self.outcomes, f"it was not run: {self.said}")
        self.assertIsNone(self.outcomes[name], f"{self.outcomes[name]}\n{self.said}")

    def check_all_are_known(self, names):
        self.assertEqual(set(self.outcomes), set(names), self.said)


def class_of(path):
    """Make a class of a file."""
    names = [json.loads(name) for name in NAME.findall(path.read_text())]
    methods = {
        "test_" + re.sub(r"\W+", "_", name).strip("_"): lambda self, name=name: self.check(name)
        for name in names
    }
    methods["test_no_other_test_was_run"] = lambda self: self.check_all_are_known(names)
    title = path.name.removesuffix(".test.mjs").title()
    return type(f"TestJs{title}", (FileCase,), {"file": path.name, **methods})


for made in map(class_of, sorted(TESTS.glob("*.test.mjs"))):
    globals()[made.__name__] = made
del made
