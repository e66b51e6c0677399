// Quantities are exact, whatever they are made of.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readQuantity, writeQuantity } from "../dist/decimals.js";

const LARGEST = "999999999999999999.999999";

test("a quantity is written as it was read, without zeros that say nothing", () => {
  for (const [given, written] of [
    [0, "0"],
    ["-0", "0"],
    [7, "7"],
    [100, "100"],
    [12345678901234567n, "12345678901234567"],
    ["0.1", "0.1"],
    [".5", "0.5"],
    ["1.", "1"],
    ["007.50", "7.5"],
    ["1250.5000000000", "1250.5"],
    ["0.000001", "0.000001"],
    [LARGEST, LARGEST],
  ]) {
    assert.equal(writeQuantity(readQuantity(given)), written, String(given));
  }
});

test("sums are exact where binary numbers are not", () => {
  const tenths = Array.from({ length: 1000 }, () => readQuantity("0.1"));
  assert.equal(writeQuantity(tenths.reduce((sum, one) => sum + one)), "100");
  assert.equal(
    writeQuantity(readQuantity(LARGEST) + readQuantity("0.000001")),
    "1" + "0".repeat(18),
  );
});

test("what is no exact quantity is refused", () => {
  for (const wrong of [
    0.1,
    NaN,
    Infinity,
    2 ** 53,
    "",
    " ",
    ".",
    "1e3",
    "0x1",
    "1,5",
    "a",
    null,
    true,
    {},
  ]) {
    assert.throws(() => readQuantity(wrong), TypeError, String(wrong));
  }
  for (const wrong of [-1, -1n, "-0.1", "1000000000000000000", "0.0000001"]) {
    assert.throws(() => readQuantity(wrong), RangeError, String(wrong));
  }
});

test("quantities of chance come back as they were", () => {
  for (let turn = 0; turn < 2000; turn += 1) {
    const units = BigInt(Math.floor(Math.random() * 2 ** 53)) * BigInt(10 ** (turn % 8));
    assert.equal(readQuantity(writeQuantity(units)), units);
  }
});
