"""What people install with npm: packed, put into an empty folder, and used there."""

import json
import re
import tarfile
import tempfile
from pathlib import Path

from api_server import Api
from js_case import JsCase, need_node, run

from devtools import js

setUpModule = need_node

USE = """
import { Client, Meter, verifyWebhook } from "@nexa/fusion-billing";
import { FileSpool } from "@nexa/fusion-billing/spool";

const [url, folder] = process.argv.slice(2);
const spool = await FileSpool.open(folder);
const meter = new Meter(new Client(url, "fbk_test"), { metrics: { calls: "sum" }, spool });
meter.record("sub-1", "calls", 7);
await meter.write();
console.log(await meter.flush(), typeof verifyWebhook);
await meter.close();
"""
#: What an app's compiler makes of our types, and what it must not accept.
APP = """
import { Client, Meter, UsageAfterEndError, verifyWebhook } from "@nexa/fusion-billing";
import type { Answer, Quantity, Spool, UsageEvent } from "@nexa/fusion-billing";
import { FileSpool } from "@nexa/fusion-billing/spool";

export const spool: Promise<Spool> = FileSpool.open("/var/lib/myapp/usage");

export async function use(client: Client, event: UsageEvent): Promise<string | null> {
  const meter = new Meter(client, { metrics: await client.aggregations() });
  const quantity: Quantity = "1.5";
  const isCounted: boolean = meter.record("sub-42", "api_calls", quantity, { at: new Date() });
  const taken: Answer<"push_usage"> = await client.pushUsage([event]);
  const accepted: number = taken.accepted;
  for await (const { quantity } of client.usage({ from: "2026-01-01T00:00:00Z" })) {
    const text: string = quantity;
    void text;
  }
  const [charge] = (await client.periodUsage(1)).charges;
  const { amount_total: total } = (await client.upcomingInvoice(1)).documents[0]!;
  const told = await verifyWebhook("{}", new Headers(), "whsec_");
  if (told.type === "invoice.paid") {
    const text: string = told.data.amount_total;
    void text;
  }
  void [isCounted, accepted, total, UsageAfterEndError];
  // @ts-expect-error: a plan has a code or an id
  await client.changePlan(1, { plan: "pro" });
  // @ts-expect-error: amounts are texts
  const amount: number = charge?.amount;
  // @ts-expect-error: nobody knows such a filter
  client.usage({ metric: "api_calls" });
  // @ts-expect-error: a counter has a start
  const wrong: UsageEvent = { metric_code: "api_calls", quantity: 1, period_end: "" };
  void [amount, wrong];
  return charge?.rated_at ?? null;
}
"""
MANIFEST = json.dumps({"name": "app", "type": "module", "private": True})


class TestJsPackage(JsCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        run("npm", "pack", "--silent", "--pack-destination", cls.folder, cwd=cls.package)
        [cls.packed] = cls.folder.glob("*.tgz")
        (cls.folder / "package.json").write_text(MANIFEST)
        options = ("--offline", "--no-audit", "--no-fund", "--no-package-lock")
        run("npm", "install", *options, cls.packed, cwd=cls.folder)

    def compile(self, code, *options):
        app = self.folder / "app.mts"
        app.write_text(code)
        strict = ("--noEmit", "--strict", "--module", "nodenext", "--target", "es2022")
        return js.run("tsc", *strict, *options, app, cwd=self.folder).stdout

    def test_it_holds_what_it_should_and_needs_nothing(self):
        with tarfile.open(self.packed) as packed:
            names = {name.removeprefix("package/") for name in packed.getnames()}
        sources = {path.stem for path in (js.SOURCE / "src").glob("*.ts")}
        built = {f"dist/{name}.{ending}" for name in sources for ending in ("js", "d.ts")}
        self.assertEqual(names, {"package.json", "README.md", "LICENSE", *built})
        manifest = json.loads((js.SOURCE / "package.json").read_text())
        self.assertNotIn("dependencies", manifest)
        for version in manifest["devDependencies"].values():
            self.assertRegex(version, r"^\d+\.\d+\.\d+$", "tools are pinned")
        self.assertEqual((js.SOURCE / "LICENSE").read_text(), (js.ROOT / "LICENSE").read_text())

    def test_it_is_installed_into_an_empty_folder_and_works(self):
        (self.folder / "use.mjs").write_text(USE)
        with Api() as api:
            said = run("node", "use.mjs", api.url, self.folder / "spool", cwd=self.folder)
            self.assertEqual((said, api.total()), ("true function\n", 7))
        self.assertEqual(list((self.folder / "spool").iterdir()), [])

    def test_its_types_are_those_that_an_app_needs_and_no_others(self):
        """The types of Node are not needed, not even for the spool."""
        lib = ("--lib", "es2022,dom,dom.iterable")
        self.assertEqual(self.compile(APP, *lib), "")

    def test_what_browsers_load_asks_for_nothing_of_node(self):
        seen, waiting = set(), ["index.js"]
        while waiting:
            name = waiting.pop()
            seen.add(name)
            text = (self.package / "dist" / name).read_text()
            asked = re.findall(r'from "([^"]+)"', text)
            self.assertFalse([one for one in asked if one.startswith("node:")], name)
            here = [one.removeprefix("./") for one in asked if one.startswith("./")]
            here += ["crypto.js"] if "#crypto" in asked else []
            waiting += [one for one in here if one not in seen]
        self.assertIn("crypto.js", seen)
        self.assertNotIn("spool.js", seen)
