// Counting in memory: what becomes of recordings, and what a meter does not do to its app.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Client, Meter } from "../dist/index.js";
import { answer, cut, refusal } from "./api.mjs";
import { NOON, world } from "./meters.mjs";

const HOUR = 3_600_000;
const at = (milliseconds) => ({ at: new Date(NOON + milliseconds) });
const quantities = (found) => found.sent().map(({ quantity }) => quantity);

// === COUNTING === //

test("a sum is one counter for each hour, exact", async (t) => {
  const found = await world(t);
  const meter = found.meter();
  for (let turn = 0; turn < 1000; turn += 1) meter.record("sub-1", "calls", "0.1", at(0));
  meter.record("sub-1", "calls", 2n, at(HOUR - 1));
  meter.record("sub-1", "calls", 7, at(HOUR));
  assert.equal(await meter.flush(), true);
  assert.deepEqual(
    found.sent().map((one) => [one.quantity, one.period_start, one.period_end]),
    [
      ["102", "2026-03-01T12:00:00.000Z", "2026-03-01T13:00:00.000Z"],
      ["7", "2026-03-01T13:00:00.000Z", "2026-03-01T14:00:00.000Z"],
    ],
  );
});

test("each aggregation combines as billing will", async (t) => {
  const found = await world(t);
  const meter = found.meter();
  for (const [quantity, minute] of [
    [3, 1],
    [5, 2],
    [4, 3],
    [1, 0],
  ]) {
    for (const metric of ["seats", "level", "jobs"]) {
      meter.record("sub-1", metric, quantity, at(minute * 60_000));
    }
  }
  for (const value of ["u-1", "u-2", "u-1"]) meter.record("sub-1", "users", 1, { value });
  await meter.flush();
  const of = (metric) => found.sent().filter((one) => one.metric_code === metric);
  assert.deepEqual(
    of("seats").map((one) => one.quantity),
    ["5"],
  );
  assert.deepEqual(
    of("level").map((one) => [one.quantity, one.period_start]),
    [["4", "2026-03-01T12:03:00.000Z"]],
  );
  assert.deepEqual(
    of("jobs")
      .map((one) => one.period_start.slice(14, 16))
      .sort(),
    ["00", "01", "02", "03"],
  );
  assert.deepEqual(
    of("users")
      .map((one) => one.value)
      .sort(),
    ["u-1", "u-2"],
  );
});

test("what differs in subscription, metric, value or dimensions is counted apart", async (t) => {
  const found = await world(t);
  const meter = found.meter();
  const dimensions = { region: "eu", tier: 1 };
  meter.record("1", "calls");
  meter.record(1, "calls");
  meter.record("1", "calls", 1, { value: "v" });
  meter.record("1", "calls", 1, { dimensions });
  meter.record("1", "calls", 1, { dimensions: { tier: 1, region: "eu" } });
  dimensions.region = "us"; // what the app does with its object later
  meter.record("1", "calls", 1, { dimensions: { tier: "1", region: "eu" } });
  await meter.flush();
  assert.deepEqual(quantities(found), ["1", "1", "1", "2", "1"]);
  assert.equal(found.sent()[1].subscription_id, 1);
  assert.deepEqual(found.sent()[3].dimensions, { region: "eu", tier: 1 });
});

test("hours may be half hours, for zones that are not whole hours away", async (t) => {
  const found = await world(t);
  const meter = found.meter({ minutes: 30 });
  meter.record("sub-1", "calls", 1, at(29 * 60_000));
  meter.record("sub-1", "calls", 1, at(30 * 60_000));
  await meter.flush();
  const starts = found.sent().map((one) => one.period_start.slice(11, 16));
  assert.deepEqual(starts, ["12:00", "12:30"]);
  assert.throws(() => found.meter({ minutes: 7 }), RangeError);
});

test("what is sent again later in the hour adds up with what was sent", async (t) => {
  const found = await world(t);
  const meter = found.meter();
  for (const quantity of [1, 2, 4]) {
    meter.record("sub-1", "calls", quantity);
    meter.record("sub-1", "users", 1, { value: "u-1" });
    await meter.flush();
  }
  const other = found.meter();
  other.record("sub-1", "calls", 8);
  await other.flush();
  assert.equal(
    found.api.total((one) => one.metric_code === "calls"),
    15,
  );
  assert.equal(
    found.api.total((one) => one.metric_code === "users"),
    1,
    "one row, whoever tells it",
  );
});

// === WHAT GOES WRONG === //

test("a wrong recording is told, not counted, and never throws", async (t) => {
  const found = await world(t);
  const meter = found.meter();
  const many = Object.fromEntries(Array.from({ length: 21 }, (_, number) => [`d${number}`, "x"]));
  for (const [given, told] of [
    [["sub-1", "calls", 0.1], /is a text/],
    [["sub-1", "calls", -1], /at least 0/],
    [["sub-1", "calls", null], /no number/],
    [["", "calls"], /subscription/],
    [[1.5, "calls"], /subscription/],
    [["sub-1", "unheard"], /not made for the metric unheard/],
    [["sub-1", "users"], /say which value/],
    [["sub-1", "calls", 1, { value: "x".repeat(256) }], /value/],
    [["sub-1", "calls", 1, { at: new Date(NaN) }], /no time/],
    [["sub-1", "calls", 1, { at: "2026-03-01" }], /getTime/],
    [["sub-1", "calls", 1, at(25 * HOUR)], /a day ahead/],
    [["sub-1", "calls", 1, { dimensions: { region: 0.5 } }], /region/],
    [["sub-1", "calls", 1, { dimensions: { region: null } }], /region/],
    [["sub-1", "calls", 1, { dimensions: { "": "x" } }], /name/],
    [["sub-1", "calls", 1, { dimensions: many }], /20 dimensions/],
    [["sub-1\0", "calls"], /subscription/],
    [["sub-1", "calls", 1, { value: "\ud83d" }], /value/],
    [["sub-1", "calls", 1, { dimensions: { region: "eu\0" } }], /region/],
    [["sub-1", "calls", 1, { dimensions: { "\udc00": "x" } }], /name/],
    [[], /metric/],
  ]) {
    assert.equal(meter.record(...given), false);
    assert.match(found.errors.at(-1), told);
  }
  assert.deepEqual([meter.stats().dropped, meter.stats().recorded], [20, 0]);
  meter.record("sub-1", "calls", 1, { value: "😀".repeat(255) });
  assert.equal(meter.stats().recorded, 1, "characters are counted as the API counts them");
});

test("who listens to errors may fail, and hears of the same one not all the time", async (t) => {
  const found = await world(t);
  const heard = [];
  const onError = (error) => {
    heard.push(error.message);
    throw error;
  };
  const meter = found.meter({ onError });
  for (let turn = 0; turn < 5; turn += 1) assert.equal(meter.record("sub-1", "unheard"), false);
  assert.equal(heard.length, 1);
});

test("a metric that combines in an unknown way is a mistake of the app", () => {
  const client = new Client("https://billing.example", "fbk_test");
  for (const aggregation of ["median", "toString"]) {
    assert.throws(() => new Meter(client, { metrics: { calls: aggregation } }), TypeError);
  }
});

test("memory has a bound: what is known goes on counting, what is new is not counted", async (t) => {
  const found = await world(t);
  found.api.away = true;
  const meter = found.meter({ maxCounters: 3 });
  const names = ["a", "b", "c", "d", "a"];
  assert.deepEqual(
    names.map((name) => meter.record(name, "calls")),
    [true, true, true, false, true],
  );
  assert.match(found.errors[0], /no room/);
  assert.equal(await meter.flush(20), false);
  assert.deepEqual(
    names.map((name) => meter.record(name, "calls")),
    [true, true, true, false, true],
  );
  assert.equal(meter.stats().waiting, 6);
  found.api.away = false;
  assert.equal(await meter.flush(), true);
  assert.deepEqual([found.api.total(), meter.stats().dropped, meter.stats().waiting], [8, 2, 0]);
});

test("counters are sent before there is no room for more", async (t) => {
  const found = await world(t);
  const meter = found.meter({ maxCounters: 10 });
  for (let turn = 0; turn < 20; turn += 1) {
    for (let number = 0; number < 5; number += 1) assert.ok(meter.record("sub-1", "jobs"));
    while (found.api.total() < 5 * (turn + 1))
      await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.equal(meter.stats().dropped, 0);
});

test("while billing is away counters grow instead of becoming more, and none is lost", async (t) => {
  const found = await world(t);
  found.api.away = true;
  const meter = found.meter();
  for (let turn = 0; turn < 10; turn += 1) {
    meter.record("sub-1", "calls");
    assert.equal(await meter.flush(10), false);
  }
  assert.match(meter.stats().error.message, /unavailable/);
  assert.equal(meter.stats().waiting, 2);
  found.api.away = false;
  assert.equal(await meter.flush(), true);
  assert.deepEqual([found.api.total(), meter.stats().error], [10, undefined]);
});

test("lost answers, cut connections and refusals for now lose nothing and count nothing twice", async (t) => {
  const found = await world(t);
  const meter = found.meter();
  const troubles = [
    cut("before"),
    cut("never"),
    refusal(503, "unavailable"),
    refusal(401, "unauthorized"),
    answer(502),
    answer(200, "<html>"),
  ];
  for (const trouble of troubles) {
    found.api.next(trouble, cut("before"));
    meter.record("sub-1", "calls");
    assert.equal(await meter.flush(), true);
  }
  assert.equal(found.api.total(), troubles.length);
  assert.equal(meter.stats().unchanged, troubles.length);
});

test("flush is over in time though billing is silent, and so is close", async (t) => {
  const found = await world(t);
  const meter = found.meter();
  meter.record("sub-1", "calls");
  found.api.next({ slow: 3000 }, { slow: 3000 });
  const began = Date.now();
  assert.equal(await meter.flush(50), false);
  await meter.close(50);
  assert.ok(Date.now() - began < 1000);
  assert.match(found.errors.at(-1), /loses counters: 1/);
});

// === WHAT BILLING REFUSES === //

test("what billing refuses is set aside, and the rest goes on", async (t) => {
  const found = await world(t);
  const meter = found.meter();
  for (let number = 0; number < 150; number += 1) meter.record(`unknown-${number}`, "calls");
  meter.record("sub-1", "calls", 7);
  assert.equal(await meter.flush(), true);
  assert.equal(found.api.total(), 7);
  const refused = await meter.refused();
  assert.deepEqual(
    [refused.length, refused[0].code, meter.stats().refused],
    [150, "unknown_subscription", 150],
  );
  assert.match(found.errors[0], /set aside: 100 events.*None such/);
  found.api.unknown = "nobody";
  await meter.retryRefused();
  assert.deepEqual([found.api.total(), await meter.refused()], [157, []]);
});

test("a batch that is too large is sent in parts, and one event that is, set aside", async (t) => {
  const found = await world(t);
  found.api.mostEvents = 3;
  const meter = found.meter();
  for (let number = 0; number < 20; number += 1) meter.record(`sub-${number}`, "calls");
  assert.equal(await meter.flush(), true);
  assert.equal(found.api.total(), 20);
  found.api.mostEvents = 0;
  meter.record("sub-1", "calls");
  assert.equal(await meter.flush(), true);
  assert.deepEqual(
    (await meter.refused()).map((one) => one.code),
    ["payload_too_large"],
  );
});

test("many counters go in requests of at most 5,000", async (t) => {
  const found = await world(t);
  const meter = found.meter();
  for (let number = 0; number < 12_000; number += 1) meter.record(`sub-${number}`, "calls");
  assert.equal(await meter.flush(), true);
  assert.equal(found.api.total(), 12_000);
  const sizes = found.api.requests.map(({ payload }) => payload.events.length);
  assert.deepEqual(sizes, [5000, 5000, 2000]);
});

// === ITS END === //

test("a meter sends by itself, and again when that failed", async (t) => {
  const found = await world(t);
  const meter = found.meter({ sendEvery: 20 });
  found.api.next(refusal(503, "unavailable"));
  meter.record("sub-1", "calls");
  while (found.api.total() < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  meter.record("sub-1", "calls");
  while (found.api.total() < 2) await new Promise((resolve) => setTimeout(resolve, 5));
});

test("close sends what there is; after it nothing is counted", async (t) => {
  const found = await world(t);
  const meter = found.meter();
  meter.record("sub-1", "calls", 7);
  await Promise.all([meter.close(), meter.close()]);
  assert.equal(found.api.total(), 7);
  assert.equal(meter.record("sub-1", "calls"), false);
  assert.equal(await meter.flush(), false);
  assert.match(found.errors.at(-1), /closed/);
});
