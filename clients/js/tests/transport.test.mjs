// Calling the API, over real connections that do what they should not.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import * as fusion from "../dist/index.js";
import { PAUSES, pause, secondsOf } from "../dist/pauses.js";
import { Api, answer, cut, refusal, slow } from "./api.mjs";

const EVENT = {
  subscription_external_id: "sub-1",
  metric_code: "calls",
  quantity: "1.50",
  period_start: "2026-03-01T12:00:00Z",
  period_end: "2026-03-01T13:00:00Z",
  idempotency_key: "k",
};
const NEW = { external_customer_id: "c", plan_code: "p" };
const KEYLESS = { ...EVENT, idempotency_key: undefined };

beforeEach(() => {
  PAUSES.shortest = 5;
});

async function start(t, options) {
  const api = await Api.start(t);
  const client = new fusion.Client(api.url, "fbk_test", { attempts: 3, ...options });
  return { api, client };
}

async function caught(promise, kind) {
  const error = await promise.then(
    () => assert.fail("it did not throw"),
    (one) => one,
  );
  assert.equal(error.constructor, kind, String(error));
  assert.ok(error instanceof fusion.FusionError);
  return error;
}

// === ERRORS === //

test("each code and status is its own error, and is sent once", async (t) => {
  const { api, client } = await start(t);
  for (const [status, code, kind] of [
    [400, "invalid_payload", fusion.BadRequestError],
    [400, "unknown_plan", fusion.UnknownRecordError],
    [400, "invalid_state", fusion.InvalidStateError],
    [401, "unauthorized", fusion.AuthenticationError],
    [403, "insufficient_scope", fusion.PermissionDeniedError],
    [404, "not_found", fusion.NotFoundError],
    [405, "method_not_allowed", fusion.ApiError],
    [409, "conflict", fusion.ConflictError],
    [413, "payload_too_large", fusion.PayloadTooLargeError],
    [500, "internal_error", fusion.ServerError],
    [503, "not_ready", fusion.NotReadyError],
  ]) {
    api.requests.length = 0;
    api.next(refusal(status, code, { field: "plan_code" }));
    const error = await caught(client.catalog(), kind);
    assert.deepEqual([error.status, error.code, error.field], [status, code, "plan_code"]);
    assert.deepEqual([error.answer.error, error.requestId, error.name], ["No.", "r-1", kind.name]);
    assert.equal(api.requests.length, 1, code);
  }
});

test("counters that would be lost are counted", async (t) => {
  const { api, client } = await start(t);
  api.next(refusal(409, "usage_after_end", { count: 2 }));
  const error = await caught(client.cancelSubscription(1), fusion.UsageAfterEndError);
  assert.equal(error.count, 2);
});

test("each bad event of a batch is told", async (t) => {
  const { api, client } = await start(t);
  const wrong = { index: 3, field: "quantity", code: "invalid_quantity", error: "Below 0." };
  api.next(refusal(400, "invalid_quantity", { errors: [wrong] }));
  const error = await caught(client.pushUsage([EVENT]), fusion.BadRequestError);
  assert.deepEqual(error.events, [wrong]);
});

test("what is no answer of the API is not taken for one", async (t) => {
  const { api, client } = await start(t);
  for (const content of ["<html>", { hello: 1 }, [], "null", ""]) {
    api.next(answer(200, content));
    await assert.rejects(client.pushUsage([EVENT]), fusion.FusionError);
  }
});

test("the request id of the header is kept where the body has none", async (t) => {
  const { api, client } = await start(t);
  api.next(answer(400, "<html>", { "X-Request-Id": "proxy-7" }));
  const error = await caught(client.catalog(), fusion.BadRequestError);
  assert.deepEqual([error.requestId, error.code], ["proxy-7", "no_json"]);
});

test("the key is taken nowhere else", async (t) => {
  const { api, client } = await start(t);
  const other = await Api.start(t);
  api.next(answer(302, "", { Location: `${other.url}/fusion/api/v1/catalog` }));
  await caught(client.catalog(), fusion.ApiError);
  assert.equal(api.requests[0].headers.authorization, "Bearer fbk_test");
  assert.deepEqual(other.requests, []);
});

test("a client needs an address, and at least one attempt", () => {
  assert.throws(() => new fusion.Client("billing.example", "fbk_test"), TypeError);
  assert.throws(() => new fusion.Client("https://x", "fbk_test", { attempts: 0 }), RangeError);
});

test("the address may be that of the server or of the API, and names a database", async (t) => {
  const { api } = await start(t);
  for (const rest of ["", "/", "/fusion/api/v1", "/fusion/api/v1/"]) {
    await new fusion.Client(api.url + rest, "fbk_test", { database: "one" }).catalog();
  }
  for (const { path, headers } of api.requests) {
    assert.deepEqual([path, headers["x-odoo-database"]], ["/catalog", "one"]);
  }
});

// === REPEATING === //

test("what a busy server refuses is sent again", async (t) => {
  const { api, client } = await start(t);
  for (const status of [429, 502, 503, 504]) {
    api.requests.length = 0;
    api.next(answer(status, "busy"), refusal(status, "unavailable"));
    assert.equal((await client.pushUsage([EVENT])).accepted, 1);
    assert.equal(api.requests.length, 3);
  }
});

test("the last attempt throws what the server said", async (t) => {
  const { api, client } = await start(t);
  const busy = refusal(503, "unavailable", {}, { "Retry-After": "0" });
  api.next(busy, busy, busy);
  const error = await caught(client.catalog(), fusion.UnavailableError);
  assert.equal(error.retryAfter, 0);
  assert.equal(api.requests.length, 3);
});

test("a request waits as long as the server asks", async (t) => {
  const { api, client } = await start(t);
  api.next(refusal(429, "rate_limited", {}, { "Retry-After": "1" }));
  const began = Date.now();
  await client.catalog();
  assert.ok(Date.now() - began >= 990);
});

test("nobody waits for longer than they have patience", async (t) => {
  const { api, client } = await start(t);
  api.next(refusal(429, "rate_limited", {}, { "Retry-After": "3600" }));
  const error = await caught(client.catalog(), fusion.RateLimitError);
  assert.equal(error.retryAfter, 3600);
  assert.equal(api.requests.length, 1);
});

test("a batch whose answer was lost is sent again and counts once", async (t) => {
  const { api, client } = await start(t);
  api.next(cut("before"), cut("never"));
  assert.equal((await client.pushUsage([EVENT])).unchanged, 1);
  assert.equal(api.total(), 1.5);
  const [first, ...others] = api.requests.map(({ text }) => text);
  assert.deepEqual(others, [first, first]);
});

test("a server that is silent for too long is no answer", async (t) => {
  const { api } = await start(t);
  api.next(slow(500), slow(500));
  const client = new fusion.Client(api.url, "fbk_test", { attempts: 2, timeout: 50 });
  const error = await caught(client.pushUsage([EVENT]), fusion.NoAnswerError);
  assert.match(error.message, /POST \/usage/);
  assert.equal(api.requests.length, 2);
});

test("a server that is not there is no answer", async (t) => {
  const { api, client } = await start(t);
  await api.stop();
  const error = await caught(client.pushUsage([KEYLESS]), fusion.NoAnswerError);
  assert.match(error.message, /ECONNREFUSED/);
});

test("what would be done twice names a key for all its repetitions", async (t) => {
  const { api, client } = await start(t);
  const keys = new Set();
  for (const call of [
    () => client.createSubscription(NEW),
    () => client.pushUsage([EVENT, KEYLESS]),
    () => client.sendTestEvent(),
  ]) {
    for (const step of [cut("before"), answer(502), refusal(503, "unavailable")]) {
      api.requests.length = 0;
      api.next(step);
      await call();
      const [first, second] = api.requests.map(({ headers }) => headers["idempotency-key"]);
      assert.equal(first, second);
      keys.add(first);
    }
  }
  assert.equal(keys.size, 9);
  assert.ok(!keys.has(undefined));
});

test("what is found again anyway needs no key", async (t) => {
  const { api, client } = await start(t);
  api.next(cut("before"));
  await client.createSubscription({ ...NEW, external_id: "s-1" });
  await client.pushUsage([EVENT]);
  assert.equal(api.requests.length, 3);
  for (const { headers } of api.requests) assert.ok(!("idempotency-key" in headers));
});

test("a request that is still carried out is waited for", async (t) => {
  const { api, client } = await start(t);
  api.next(refusal(409, "idempotency_in_flight", {}, { "Retry-After": "0" }));
  await client.createSubscription(NEW);
  assert.equal(api.requests.length, 2);
});

test("who aborts a request waits neither for its answer nor for the next attempt", async (t) => {
  const { api, client } = await start(t);
  for (const step of [slow(2000), refusal(503, "unavailable", {}, { "Retry-After": "60" })]) {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    api.next(step);
    const began = Date.now();
    await assert.rejects(client.pushUsage([EVENT], { signal: stop.signal }), fusion.FusionError);
    assert.ok(Date.now() - began < 1000);
  }
  assert.equal(api.requests.length, 2);
  await assert.rejects(
    client.pushUsage([EVENT], { signal: AbortSignal.abort() }),
    fusion.NoAnswerError,
  );
  assert.equal(api.requests.length, 2);
});

test("pauses grow, differ, and are never shorter than asked", () => {
  PAUSES.shortest = 1000;
  for (const [failures, least, most] of [
    [1, 500, 1000],
    [3, 2000, 4000],
    [7, 30_000, 60_000],
    [10 ** 6, 30_000, 60_000],
  ]) {
    const found = Array.from({ length: 200 }, () => pause(failures));
    assert.ok(found.every((one) => least <= one && one <= most));
    assert.ok(new Set(found).size > 100);
  }
  assert.equal(pause(1, 90), 90_000);
});

test("Retry-After is seconds or a date", () => {
  const later = secondsOf(new Date(Date.now() + 100_000).toUTCString());
  assert.ok(98 <= later && later <= 100, String(later));
  assert.equal(secondsOf("7"), 7);
  assert.equal(secondsOf(new Date(0).toUTCString()), 0);
  for (const header of ["soon", "-1", "", "2026-03-01", null])
    assert.equal(secondsOf(header), undefined);
});

// === ENDPOINTS === //

test("pages are asked for as they are needed", async (t) => {
  const { api, client } = await start(t);
  api.answers["GET /subscriptions"] = [
    answer(200, { status: "ok", subscriptions: [1, 2], next_cursor: "a+b=" }),
    answer(200, { status: "ok", subscriptions: [3], next_cursor: null }),
  ];
  const found = [];
  for await (const one of client.subscriptions()) {
    found.push(one);
    assert.equal(api.requests.length, one < 3 ? 1 : 2);
  }
  assert.deepEqual(found, [1, 2, 3]);
  assert.match(api.requests[1].query, /cursor=a%2Bb%3D/);
});

test("a customer of any name is found", async (t) => {
  const { api, client } = await start(t);
  await client.customer("a/b ?#%é");
  assert.equal(api.requests[0].path, "/customers/a%2Fb%20%3F%23%25%C3%A9");
});

test("all events of a span of time are sent again, however many requests it takes", async (t) => {
  const { api, client } = await start(t);
  api.answers["POST /webhooks/deliveries/retry"] = [
    answer(200, { status: "ok", queued: 10_000, next_cursor: "next" }),
    answer(200, { status: "ok", queued: 7, next_cursor: null }),
  ];
  assert.equal(await client.resendAll({ failed_since: "2026-03-01T00:00:00Z" }), 10_007);
  const asked = api.requests.map(({ payload }) => [payload.failed_since, payload.cursor]);
  assert.deepEqual(asked, [
    ["2026-03-01T00:00:00Z", undefined],
    ["2026-03-01T00:00:00Z", "next"],
  ]);
});

test("the good events of a batch are stored if somebody says so", async (t) => {
  const { api, client } = await start(t);
  const bad = { ...EVENT, subscription_external_id: "unknown-1" };
  const told = await client.pushUsage([EVENT, bad], { partial: true });
  assert.deepEqual([told.accepted, told.rejected_indexes], [1, [1]]);
  assert.equal(api.requests[0].query, "partial=true");
});

test("CloudEvents go out as a list", async (t) => {
  const { api, client } = await start(t);
  const event = { specversion: "1.0", id: "A-1", source: "/app", type: "calls", subject: "sub-1" };
  await client.pushEvents([event], { partial: true });
  const [{ path, query, payload }] = api.requests;
  assert.deepEqual([path, query, payload], ["/events", "partial=true", [event]]);
});

test("a counter is deleted by a request with a body", async (t) => {
  const { api, client } = await start(t);
  api.answers["DELETE /usage"] = [answer(200, { status: "ok", deleted: 1 })];
  assert.equal((await client.deleteUsage({ usage_id: 7 })).deleted, 1);
  assert.deepEqual(api.requests[0].payload, { usage_id: 7 });
});

test("an export goes on after the last line until there is none", async (t) => {
  const { api, client } = await start(t);
  api.answers["GET /usage/export"] = [["a", "b"], ["c"], []].map((page) =>
    answer(200, page.map((cursor) => `${JSON.stringify({ cursor })}\n`).join("")),
  );
  const found = [];
  for await (const { cursor } of client.exportUsage({ cursor: "0", limit: 2 })) found.push(cursor);
  assert.deepEqual(found, ["a", "b", "c"]);
  const asked = api.requests.map(({ query }) => query);
  assert.deepEqual(asked, ["cursor=0&limit=2", "cursor=b&limit=2", "cursor=c&limit=2"]);
});

test("half a line of an export is no answer of the API", async (t) => {
  const { api, client } = await start(t);
  api.answers["GET /usage/export"] = [answer(200, '{"cursor": "a"}\n{"curs')];
  const found = client.exportUsage();
  assert.equal((await found.next()).value.cursor, "a");
  await assert.rejects(found.next(), fusion.FusionError);
});

test("a text is your own id of a subscription and a number that of Odoo", async (t) => {
  const { api, client } = await start(t);
  await client.subscription("org/7 é?");
  await client.cancelSubscription(42, { refund: "none" });
  await client.changeItem("42", 5, { quantity: "2.50", preview: true });
  await client.takeBackChange(42, "plan-7");
  assert.deepEqual(
    api.requests.map(({ verb, path, payload }) => [verb, path, payload]),
    [
      ["GET", "/subscriptions/external:org%2F7%20%C3%A9%3F", undefined],
      ["POST", "/subscriptions/42/cancel", { refund: "none" }],
      ["PATCH", "/subscriptions/external:42/items/5", { quantity: "2.50", preview: true }],
      ["DELETE", "/subscriptions/42/changes/plan-7", {}],
    ],
  );
});

test("codes of any letters are named", async (t) => {
  const { api, client } = await start(t);
  await client.plan("50%/a+b");
  await client.metric("é");
  const paths = api.requests.map(({ path }) => path);
  assert.deepEqual(paths, ["/plans/50%25%2Fa%2Bb", "/metrics/%C3%A9"]);
});

test("a PDF is bytes, and why there is none is an error as any other", async (t) => {
  const { api, client } = await start(t);
  const bytes = [0x25, 0x50, 0x44, 0x46, 0xff, 0x00, 0xfe];
  api.next(answer(200, Buffer.from(bytes)), refusal(400, "invalid_state"));
  assert.deepEqual([...(await client.invoicePdf(7))], bytes);
  await caught(client.invoicePdf(7), fusion.InvalidStateError);
});

test("a secret is made once, and a lost key is asked for again", async (t) => {
  const { api, client } = await start(t);
  for (const [call, isNamed] of [
    [() => client.rotateSecret({ overlap_hours: 2 }), true],
    [() => client.rotateKey({ overlap_hours: 2 }), false],
  ]) {
    api.requests.length = 0;
    api.next(cut("before"));
    await call();
    const [first, second] = api.requests.map(({ headers }) => headers["idempotency-key"]);
    assert.deepEqual([first === second, first !== undefined], [true, isNamed]);
  }
});

test("a clock is advanced until it is there", async (t) => {
  const { api, client } = await start(t);
  const step = { status: "ok", now: "2026-06-01T00:00:00Z", documents: 2, events: 3 };
  api.next(answer(200, { ...step, reached: false }), answer(200, { ...step, reached: true }));
  const { documents, events } = await client.advanceClock({ now: "2026-06-01T00:00:00Z" });
  assert.deepEqual([documents, events, api.requests.length], [4, 6, 2]);
});

test("what is undefined is not asked for", async (t) => {
  const { api, client } = await start(t);
  api.answers["GET /usage"] = [answer(200, { status: "ok", usage: [], next_cursor: null })];
  await client.usage({ metric_code: "calls", from: undefined }).next();
  assert.equal(api.requests[0].query, "limit=500&metric_code=calls");
});
