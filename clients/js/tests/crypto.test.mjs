// What browsers use and what Node uses do the same.

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";

globalThis.crypto ??= webcrypto; // Node 18 has no global one
const inBrowsers = await import("../dist/crypto.js");
const inNode = await import("../dist/crypto.node.js");

test("a text has one digest everywhere", async () => {
  for (const text of ["", "abc", "Zoë 😀", "x".repeat(10_000)]) {
    assert.equal(await inBrowsers.digest(text), await inNode.digest(text));
  }
  const known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assert.equal(await inNode.digest("abc"), known);
});

test("names are of sixteen digits, and never come again", () => {
  for (const { randomName } of [inBrowsers, inNode]) {
    const names = Array.from({ length: 1000 }, randomName);
    assert.ok(names.every((name) => /^[0-9a-f]{16}$/.test(name)));
    assert.equal(new Set(names).size, 1000);
  }
});

test("both have what webhooks are verified with", () => {
  for (const { subtle } of [inBrowsers, inNode]) assert.equal(typeof subtle.verify, "function");
});
