// Webhooks: what is genuine, and what came before.

import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { test } from "node:test";

import { Deduplicator, WebhookError, verifyWebhook } from "../dist/index.js";

const BODY = JSON.stringify({ id: "evt_1", type: "invoice.paid", data: { name: "Zoë 😀" } });
const NOW = 1_800_000_000;
const [ONE, TWO] = [1, 2].map(() => `whsec_${randomBytes(32).toString("base64")}`);

function sign(secret, { body = BODY, at = NOW, id = "evt_1" } = {}) {
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  return `v1,${createHmac("sha256", key).update(`${id}.${at}.`).update(body).digest("base64")}`;
}

function headersOf(secrets, { at = NOW, id = "evt_1", ...more } = {}) {
  return {
    "webhook-id": id,
    "webhook-timestamp": String(at),
    "webhook-signature": secrets.map((one) => sign(one, { at, id, ...more })).join(" "),
  };
}

const verify = (body, headers, secrets = ONE, options = {}) =>
  verifyWebhook(body, headers, secrets, { now: NOW, ...options });
const refused = (...given) => assert.rejects(verify(...given), WebhookError);

// === WHETHER IT IS GENUINE === //

test("the example of the guide is genuine", async () => {
  // Of Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const headers = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  };
  const event = await verify('{"test": 2432232314}', headers, secret, { now: 1614265330 });
  assert.deepEqual(event, { test: 2432232314 });
});

test("bodies and headers are taken as every server has them", async () => {
  const headers = headersOf([ONE]);
  const loud = Object.fromEntries(Object.entries(headers).map(([n, v]) => [n.toUpperCase(), v]));
  const bytes = new TextEncoder().encode(BODY);
  for (const body of [BODY, bytes, bytes.buffer, Buffer.from(BODY)]) {
    for (const given of [headers, loud, new Headers(headers)]) {
      assert.equal((await verify(body, given)).type, "invoice.paid");
    }
  }
});

test("one match is enough while a secret is rotated", async () => {
  await verify(BODY, headersOf([TWO, ONE]), ONE);
  await verify(BODY, headersOf([ONE]), [TWO, ONE]);
  await refused(BODY, headersOf([TWO]), ONE);
  await refused(BODY, headersOf([ONE]), []);
});

test("any changed bit is noticed", async () => {
  const headers = headersOf([ONE]);
  const bytes = Buffer.from(BODY);
  for (let place = 0; place < bytes.length * 8; place += 3) {
    const changed = Buffer.from(bytes);
    changed[place >> 3] ^= 1 << (place & 7);
    await refused(changed, headers);
  }
  await refused(BODY, { ...headers, "webhook-id": "evt_2" });
  await refused(BODY, { ...headers, "webhook-timestamp": String(NOW + 1) });
  const signature = headers["webhook-signature"];
  for (let place = 3; place < signature.length; place += 1) {
    const other = signature[place] === "A" ? "B" : "A";
    const changed = signature.slice(0, place) + other + signature.slice(place + 1);
    const lastBits = place === signature.length - 2; // two bits of base64 that say nothing
    if (!lastBits) await refused(BODY, { ...headers, "webhook-signature": changed });
  }
});

test("another time is refused", async () => {
  for (const age of [-300, 0, 300]) await verify(BODY, headersOf([ONE], { at: NOW - age }));
  for (const age of [-301, 301]) await refused(BODY, headersOf([ONE], { at: NOW - age }));
  await verify(BODY, headersOf([ONE], { at: NOW - 301 }), ONE, { tolerance: 400 });
  await assert.rejects(verifyWebhook(BODY, headersOf([ONE]), ONE), WebhookError, "it is now");
});

test("nonsense is refused and throws nothing else", async () => {
  const good = headersOf([ONE]);
  for (const name of Object.keys(good)) {
    await refused(BODY, { ...good, [name]: undefined });
    for (const nonsense of [
      "",
      "x",
      "v1,",
      "v1",
      "é😀",
      `v1,${"A".repeat(44)}`,
      "9".repeat(400),
      "-1",
      "²",
    ]) {
      await refused(BODY, { ...good, [name]: nonsense });
    }
  }
  const other = good["webhook-signature"].replace("v1,", "v2,");
  await refused(BODY, { ...good, "webhook-signature": other });
  await refused(BODY, { ...good, "webhook-signature": [good["webhook-signature"]] });
});

test("what is signed and no event is refused", async () => {
  for (const body of ["", "[]", "null", "no json"]) await refused(body, headersOf([ONE], { body }));
});

test("a secret that is none is a mistake of ours", async () => {
  for (const secret of ["whsec_!", "whsec_a", "whsec_", ""]) {
    await assert.rejects(verify(BODY, headersOf([ONE]), secret), TypeError, secret);
  }
});

// === WHETHER IT CAME BEFORE === //

test("an event is new once", async () => {
  const seen = new Deduplicator();
  const done = [];
  for (const [id, isNew] of [
    ["a", true],
    ["a", false],
    ["b", true],
    ["a", false],
  ]) {
    assert.equal(await seen.once(id, () => done.push(id)), isNew);
  }
  assert.deepEqual(done, ["a", "b"]);
});

test("of many at once one deals with an event, and the others wait for it", async () => {
  const seen = new Deduplicator();
  let finished = 0;
  const work = async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    finished += 1;
  };
  const receive = async () => [await seen.once("a", work), finished];
  const answers = await Promise.all(Array.from({ length: 8 }, receive));
  assert.deepEqual(answers, [[true, 1], ...Array.from({ length: 7 }, () => [false, 1])]);
});

test("an event that failed comes again, and who waited for it is told", async () => {
  const seen = new Deduplicator();
  const fail = async () => {
    throw new RangeError("no");
  };
  const waiting = [seen.once("a", fail), seen.once("a", fail)];
  for (const one of waiting) await assert.rejects(one, RangeError);
  assert.equal(await seen.once("a", () => undefined), true);
});

test("the oldest events are forgotten, so that memory has a bound", async () => {
  const seen = new Deduplicator(2);
  for (const id of ["a", "b", "c"]) await seen.once(id, () => undefined);
  assert.equal(await seen.once("c", () => undefined), false);
  assert.equal(await seen.once("a", () => undefined), true);
});
