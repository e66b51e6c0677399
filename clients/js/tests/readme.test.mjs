// The README's code is run.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { Api, answer } from "./api.mjs";
import { folderFor } from "./meters.mjs";

const SECRET = "whsec_c2VjcmV0IG9mIHRoZSByZWFkbWU=";
const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
const [calling, counting, receiving] = [...readme.matchAll(/```js\n(.*?)```/gs)].map(
  ([, code]) => code,
);

/** Run an example as a module; returns what it exports. */
async function run(t, code, api) {
  const folder = await folderFor(t);
  const here = Object.entries({
    "https://billing.example": api.url,
    "fbk_…": "fbk_test",
    "whsec_…": SECRET,
    "/var/lib/myapp": folder,
    "@nexa/fusion-billing/spool": new URL("../dist/spool.js", import.meta.url).href,
    '"@nexa/fusion-billing"': `"${new URL("../dist/index.js", import.meta.url).href}"`,
  });
  const file = join(folder, "example.mjs");
  await writeFile(
    file,
    here.reduce((text, [written, real]) => text.replaceAll(written, real), code),
  );
  return { folder, ...(await import(pathToFileURL(file))) };
}

test("calling", async (t) => {
  const api = await Api.start(t);
  const page = { status: "ok", subscriptions: [], next_cursor: null };
  api.answers["GET /subscriptions"] = [answer(200, page)];
  await run(t, calling, api);
  assert.deepEqual(
    api.requests.map(({ verb, path }) => `${verb} ${path}`),
    ["POST /customers", "POST /subscriptions", "GET /subscriptions"],
  );
});

test("counting", async (t) => {
  const api = await Api.start(t);
  const { folder } = await run(t, counting, api);
  const told = [...api.counters.values()].map((one) => [one.metric_code, one.quantity]);
  assert.deepEqual(told, [
    ["api_calls", "1"],
    ["api_calls", "250"],
    ["seats", "17"],
    ["active_users", "1"],
  ]);
  assert.deepEqual(await readdir(join(folder, "usage")), []);
});

test("receiving", async (t) => {
  const { receive } = await run(t, receiving, await Api.start(t));
  const body = '{"id": "evt_1"}';
  const at = Math.floor(Date.now() / 1000);
  const key = Buffer.from(SECRET.slice(6), "base64");
  const signature = createHmac("sha256", key).update(`evt_1.${at}.${body}`).digest("base64");
  const headers = {
    "webhook-id": "evt_1",
    "webhook-timestamp": String(at),
    "webhook-signature": `v1,${signature}`,
  };
  assert.equal(await receive(headers, body), 204);
  assert.equal(await receive(headers, body), 204);
  assert.equal(await receive(headers, `${body} `), 401);
});
