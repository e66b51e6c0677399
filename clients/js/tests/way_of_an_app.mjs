// What an app does with a real server: way_of_an_app.mjs URL KEY SPOOL

import assert from "node:assert/strict";

import * as fusion from "../dist/index.js";
import { FileSpool } from "../dist/spool.js";

const [url, key, folder] = process.argv.slice(2);
const client = new fusion.Client(url, key);
const at = new Date("2026-01-01T12:30:00Z");

async function all(list) {
  const found = [];
  for await (const one of list) found.push(one);
  return found;
}

// === FROM THE FIRST CUSTOMER TO WHAT USAGE COMES TO === //

assert.equal((await client.health()).status, "ok");
assert.equal((await client.openapi()).openapi, "3.1.0");
const customer = { external_id: "cust/7", name: "Acme" };
assert.equal((await client.registerCustomer(customer)).created, true);
assert.equal((await client.registerCustomer(customer)).created, false);
const made = await client.createSubscription({
  external_customer_id: "cust/7",
  plan_code: "metered",
  external_id: "acme",
  start_date: "2026-01-01",
});
const id = made.subscription_id;
const metrics = await client.aggregations();
assert.deepEqual(metrics, { api_calls: "sum" });
const onError = () => undefined;
const meter = new fusion.Meter(client, { metrics, spool: await FileSpool.open(folder), onError });
for (let turn = 0; turn < 10; turn += 1) {
  meter.record("acme", "api_calls", "20.000001", { at, dimensions: { region: "eu" } });
}
meter.record(id, "api_calls", 100, { at });
meter.record("stranger", "api_calls", 1, { at });
await meter.write();
assert.equal(await meter.flush(), true);
assert.deepEqual(
  (await meter.refused()).map((one) => one.code),
  ["unknown_subscription"],
);
await meter.close();
const stored = await all(client.usage({ subscription_id: id, from: "2026-01-01T12:00:00Z" }));
assert.deepEqual(stored.map((one) => [one.quantity, one.dimensions.region]).sort(), [
  ["100", undefined],
  ["200.00001", "eu"],
]);
const [charge] = (await client.periodUsage(id, { period: "2026-01-10" })).charges;
assert.deepEqual([charge.quantity, charge.amount], ["300.00001", "2.50"]);
assert.equal((await client.customer("cust/7")).subscriptions[0].external_id, "acme");
const upcoming = await client.upcomingInvoice(id);
assert.match(upcoming.documents[0].amount_total, /^\d+\.\d\d$/);
const estimate = await client.estimate({ plan_code: "metered", quantities: { api_calls: "5" } });
assert.match(estimate.total, /^\d+\.\d\d$/);

// === WHAT IS REFUSED === //

const wrong = { external_id: "cust-8", name: "Other", country_code: "??" };
const day = { date: "2026-01-01" };
const other = new fusion.Client(url, "fbk_wrong");
for (const [call, kind] of [
  [() => client.cancelSubscription(id, day), fusion.UsageAfterEndError],
  [() => client.subscription(10 ** 6), fusion.NotFoundError],
  [() => client.changePlan(id, { plan_code: "no such plan" }), fusion.UnknownRecordError],
  [() => client.registerCustomer(wrong), fusion.BadRequestError],
  [() => client.pushUsage([{ ...stored[0], quantity: "-1" }]), fusion.BadRequestError],
  [() => other.catalog(), fusion.AuthenticationError],
]) {
  const error = await call().catch((one) => one);
  assert.ok(error instanceof kind, `${kind.name}: ${error}`);
  assert.ok(error.requestId);
  if (error instanceof fusion.UsageAfterEndError) assert.equal(error.count, 2);
}

// === WHAT HAS MANY PAGES, AND WHAT IS DONE ONCE === //

const many = Array.from({ length: 1200 }, (_, number) => ({
  subscription_external_id: "sub-00000",
  metric_code: "api_calls",
  quantity: String(number + 1),
  period_start: "2026-01-01T00:00:00Z",
  period_end: "2026-01-01T01:00:00Z",
  idempotency_key: String(number),
}));
assert.equal((await client.pushUsage(many)).inserted, 1200);
assert.equal((await client.pushUsage(many)).unchanged, 1200);
const listed = (await all(client.usage({ metric_code: "api_calls" }))).filter((one) =>
  one.subscription_external_id.startsWith("sub-"),
);
assert.deepEqual(
  listed.map((one) => Number(one.quantity)).sort((one, two) => one - two),
  many.map((one) => Number(one.quantity)),
);
const [keyless] = many;
delete keyless.idempotency_key;
assert.equal((await client.pushUsage([keyless])).inserted, 1);
