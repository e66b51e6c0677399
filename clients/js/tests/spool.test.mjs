// Counting onto the disk: what survives a process, and who sends what another one left.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, readFile, readdir, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { MeterError } from "../dist/index.js";
import { FileSpool } from "../dist/spool.js";
import { slow } from "./api.mjs";
import { folderFor, world } from "./meters.mjs";

const FIRST = "1.ndjson";
const quantities = (found) => found.sent().map(({ quantity }) => quantity);

async function until(condition) {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, `it did not come about: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const BEGINNING = `
const [url, folder, sources] = process.argv.slice(2);
const { Client, Meter } = await import(sources + "index.js");
const { FileSpool } = await import(sources + "spool.js");
const client = new Client(url, "fbk_test");
const metrics = { calls: "sum", jobs: "count", users: "unique_count" };
const meter = new Meter(client, { metrics, spool: await FileSpool.open(folder), closeOn });
`;

/** Start a process that counts into the world's folder. */
async function start(t, found, program, { closeOn = [], shell = "" } = {}) {
  const file = join(await folderFor(t), "program.mjs");
  await writeFile(file, `const closeOn = ${JSON.stringify(closeOn)};${BEGINNING}${program}`);
  const sources = new URL("../dist/", import.meta.url).href;
  const command = [process.execPath, file, found.api.url, found.folder, sources];
  const child = spawn("sh", ["-c", `${shell} exec "$@"`, "sh", ...command], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  child.said = "";
  child.stdout.on("data", (data) => (child.said += data));
  child.ended = once(child, "close");
  return child;
}

async function kill(child, signal = "SIGKILL") {
  child.kill(signal);
  const [, killedBy] = await child.ended;
  assert.equal(killedBy, signal);
}

// === WHAT SURVIVES === //

test("what was written survives a killed process, and the next one sends it", async (t) => {
  const found = await world(t);
  found.api.away = true;
  const program = `
    for (let turn = 0; turn < 10; turn += 1) meter.record("sub-1", "calls", "0.1");
    for (const value of ["a", "b"]) meter.record("sub-1", "users", 1, { value });
    for (const quantity of [1, 2]) meter.record("sub-1", "jobs", quantity);
    await meter.write();
    console.log("written");
    setTimeout(() => {}, 60_000);`;
  const child = await start(t, found, program);
  await until(() => child.said);
  await kill(child);
  assert.deepEqual((await found.files()).sort(), [FIRST, "sock"]);
  found.api.away = false;
  const meter = await found.spooled();
  assert.equal(await meter.flush(), true);
  assert.deepEqual(quantities(found), ["1", "1", "1", "1", "2"]);
  await meter.close();
  assert.deepEqual(await found.files(), []);
});

test("what was sent before a kill is sent again with the same keys, and counts once", async (t) => {
  const found = await world(t);
  found.api.next(slow(60_000));
  const child = await start(t, found, `meter.record("sub-1", "calls", 7); meter.flush(60_000);`);
  await until(() => found.api.total() === 7);
  await kill(child);
  const meter = await found.spooled();
  meter.record("sub-1", "calls", 1);
  assert.equal(await meter.flush(), true);
  assert.deepEqual([found.api.total(), meter.stats().unchanged], [8, 1]);
});

test("what was recorded is written within a moment, without being asked", async (t) => {
  const found = await world(t);
  const meter = await found.spooled();
  meter.record("sub-1", "calls");
  await until(async () => (await found.files()).includes(FIRST));
  assert.equal(found.api.requests.length, 0);
});

test("what could not be sent in time waits in the folder, and close says nothing is lost", async (t) => {
  const found = await world(t);
  found.api.away = true;
  const meter = await found.spooled();
  meter.record("sub-1", "calls", 1);
  await meter.flush(10);
  meter.record("sub-1", "calls", 2);
  await meter.close(20);
  assert.deepEqual((await found.files()).sort(), [FIRST, "2.ndjson"]);
  assert.ok(!found.errors.join().includes("loses"));
  found.api.away = false;
  assert.equal(await (await found.spooled()).flush(), true);
  assert.equal(found.api.total(), 3);
});

test("an ordinary end, and a signal, send what there is; the signal ends the process still", async (t) => {
  const found = await world(t);
  const ordinary = await start(t, found, `meter.record("sub-1", "calls", 1);`, {
    closeOn: ["beforeExit"],
  });
  assert.deepEqual(await ordinary.ended, [0, null]);
  const program = `meter.record("sub-1", "calls", 2); console.log("ready"); setTimeout(() => {}, 60_000);`;
  const signalled = await start(t, found, program, { closeOn: ["beforeExit", "SIGTERM"] });
  await until(() => signalled.said);
  await kill(signalled, "SIGTERM");
  assert.equal(found.api.total(), 3);
  assert.deepEqual(await found.files(), []);
});

test("whoever listens to a signal decides about the end, and is asked once", async (t) => {
  const found = await world(t);
  const program = `
    process.on("SIGTERM", async () => {
      console.log("asked");
      await meter.close();
      setTimeout(() => process.exit(7), 300);
    });
    meter.record("sub-1", "calls", 2); console.log("ready"); setTimeout(() => {}, 60_000);`;
  const child = await start(t, found, program, { closeOn: ["SIGTERM"] });
  await until(() => child.said);
  child.kill("SIGTERM");
  assert.deepEqual(await child.ended, [7, null]);
  assert.equal(child.said, "ready\nasked\n");
  assert.equal(found.api.total(), 2);
});

test("a meter holds no process back", async (t) => {
  const found = await world(t);
  found.api.away = true;
  const child = await start(t, found, `meter.record("sub-1", "calls"); await meter.write();`);
  assert.deepEqual(await child.ended, [0, null]);
  assert.ok((await found.files()).includes(FIRST));
});

// === WHO SENDS IT === //

test("what a living process counts is left to it", async (t) => {
  const found = await world(t);
  const program = `meter.record("sub-1", "calls", 7); await meter.write(); console.log("written"); setTimeout(() => {}, 60_000);`;
  const child = await start(t, found, program);
  await until(() => child.said);
  const meter = await found.spooled();
  child.kill("SIGSTOP"); // it lives, though it does nothing
  assert.equal(await meter.flush(), true);
  assert.equal(found.api.total(), 0);
  await kill(child);
  assert.equal(await meter.flush(), true);
  assert.equal(found.api.total(), 7);
});

test("several meters on one folder count apart, also in one process", async (t) => {
  const found = await world(t);
  const meters = await Promise.all([found.spooled(), found.spooled(), found.spooled()]);
  for (const meter of meters) {
    meter.record("sub-1", "calls", 1);
    await meter.write();
  }
  for (const meter of meters) assert.equal(await meter.flush(), true);
  assert.deepEqual(quantities(found), ["1", "1", "1"]);
});

test("two that take over the same at once send the same, which counts once", async (t) => {
  const found = await world(t);
  const [one, other] = [await found.spooled(), await found.spooled()];
  one.record("sub-1", "calls", 7);
  await one.write();
  const [name] = (await readdir(found.folder)).filter((file) => file.endsWith(FIRST));
  for (const dead of ["dead1.1.ndjson", "dead2.1.ndjson"]) {
    await copyFile(join(found.folder, name), join(found.folder, dead));
  }
  await Promise.all([one.flush(), other.flush()]);
  assert.deepEqual(quantities(found), ["7"]);
  await Promise.all([one.close(), other.close()]);
  assert.deepEqual(await found.files(), []);
});

test("one spool serves one meter", async (t) => {
  const found = await world(t);
  const spool = await FileSpool.open(found.folder);
  found.meter({ spool });
  assert.throws(() => found.meter({ spool }), TypeError);
});

test("what is not ours in the folder stays there", async (t) => {
  const found = await world(t);
  await writeFile(join(found.folder, "notes.txt"), "mine");
  const meter = await found.spooled();
  meter.record("sub-1", "calls");
  assert.equal(await meter.flush(), true);
  await meter.close();
  assert.deepEqual(await readdir(found.folder), ["notes.txt"]);
});

// === THE FILE === //

test("of the lines with one key the last counts, and a torn one does not", async (t) => {
  const found = await world(t);
  const meter = await found.spooled();
  meter.record("sub-1", "calls", 1);
  await meter.write();
  meter.record("sub-1", "calls", 2);
  await meter.write();
  const [name] = (await readdir(found.folder)).filter((file) => file.endsWith(FIRST));
  const text = await readFile(join(found.folder, name), "utf8");
  const [first, second] = text.trim().split("\n");
  const left = (torn) =>
    writeFile(join(found.folder, "dead.1.ndjson"), `${first}\n${second}\n${torn}`);
  for (const length of [0, 1, 20, first.length - 1]) {
    await left(first.slice(0, length));
    assert.equal(await meter.flush(), true);
    assert.deepEqual(quantities(found), ["3"]);
  }
});

test("a file does not grow for ever while one counter does", async (t) => {
  const found = await world(t);
  const meter = await found.spooled({ writeEvery: 60_000 });
  const dimensions = { note: "x".repeat(250) };
  let path;
  const sizes = [];
  for (let turn = 0; turn < 5000; turn += 1) {
    meter.record("sub-1", "calls", 1, { dimensions });
    await meter.write();
    path ??= join(
      found.folder,
      (await readdir(found.folder)).find((one) => one.endsWith(FIRST)),
    );
    sizes.push((await stat(path)).size);
  }
  assert.ok(Math.max(...sizes) < 1024 * 1024 + 1000);
  assert.ok(sizes.at(-1) < Math.max(...sizes), "it was written anew");
  await copyFile(path, join(found.folder, "dead.1.ndjson"));
  assert.equal(await meter.flush(), true);
  assert.deepEqual(quantities(found), ["5000"]);
});

test("those that wait for the disk at the same time wait together", async (t) => {
  const found = await world(t);
  const meter = await found.spooled({ writeEvery: 60_000 });
  const count = async () => {
    for (let turn = 0; turn < 20; turn += 1) {
      meter.record("sub-1", "calls");
      await meter.write();
    }
  };
  await Promise.all(Array.from({ length: 20 }, count));
  const path = join(
    found.folder,
    (await readdir(found.folder)).find((one) => one.endsWith(FIRST)),
  );
  const lines = (await readFile(path, "utf8")).trim().split("\n");
  assert.equal(JSON.parse(lines.at(-1)).event.quantity, "400");
  assert.ok(lines.length <= 60, `${lines.length} writings`);
});

test("a disk that is full is told, keeps what was counted in memory, and is tried again", async (t) => {
  const found = await world(t);
  const program = `
    const many = () => { for (let n = 0; n < 20; n += 1) meter.record("sub-" + n, "calls"); };
    many();
    await meter.write().then(() => console.log("written"), (error) => console.log(error.name));
    meter.record("sub-0", "calls");
    await meter.write().then(() => console.log("written"), (error) => console.log(error.name));
    console.log(await meter.flush(100), meter.stats().waiting);
    process.exit();`;
  const child = await start(t, found, program, { shell: "ulimit -f 4;" });
  await child.ended;
  assert.deepEqual(child.said.split("\n"), ["MeterError", "MeterError", "false 20", ""]);
  assert.deepEqual(found.sent(), [], "what is not on the disk is not sent: it may still grow");
  const meter = await found.spooled();
  assert.equal(await meter.flush(), true);
  assert.deepEqual(await found.files(), ["sock"], "half a file is nothing");
});

test("a disk that is full in the middle of a line, and then is not, loses nothing", async (t) => {
  const found = await world(t);
  found.api.away = true;
  const program = `
    const write = () => meter.write().then(() => console.log("written"), () => console.log("full"));
    meter.record("sub-1", "calls");
    await write();
    for (let n = 0; n < 20; n += 1) meter.record("sub-" + n, "calls");
    await write();
    process.stdin.once("data", async () => {
      meter.record("sub-0", "calls");
      await write();
    });`;
  const child = await start(t, found, program, { shell: "ulimit -S -f 4;" });
  await until(() => child.said === "written\nfull\n");
  execFileSync("prlimit", ["--pid", child.pid, "--fsize=unlimited"]);
  child.stdin.write("go");
  await until(() => child.said.endsWith("full\nwritten\n"));
  await kill(child);
  found.api.away = false;
  assert.equal(await (await found.spooled()).flush(), true);
  assert.equal(found.api.total(), 22);
});

test("a folder that is away for a while loses nothing, and nothing is sent meanwhile", async (t) => {
  const found = await world(t);
  const meter = await found.spooled({ writeEvery: 60_000 });
  await until(async () => (await found.files()).includes("sock"));
  await rename(found.folder, `${found.folder}-away`);
  meter.record("sub-1", "calls", 1);
  await assert.rejects(meter.write(), MeterError);
  assert.equal(await meter.flush(20), false);
  meter.record("sub-1", "calls", 2); // in the next turn, as the one before is over
  await assert.rejects(meter.write(), MeterError);
  assert.equal(found.api.requests.length, 0);
  await rename(`${found.folder}-away`, found.folder);
  await meter.write();
  assert.deepEqual((await found.files()).sort(), [FIRST, "2.ndjson", "sock"]);
  assert.equal(await meter.flush(), true);
  assert.deepEqual(quantities(found), ["1", "2"]);
});

test("a folder that cannot be one is told at once", async (t) => {
  const found = await world(t);
  const longest = join(found.folder, "x".repeat(78 - 1 - found.folder.length)); // as the README says
  await (await FileSpool.open(longest)).close();
  await assert.rejects(FileSpool.open(`${longest}x`), /too long/);
  await writeFile(join(found.folder, "file"), "");
  await assert.rejects(FileSpool.open(join(found.folder, "file")), /EEXIST|ENOTDIR/);
});

test("without a spool nothing is said to be on the disk", async (t) => {
  const found = await world(t);
  await assert.rejects(found.meter().write(), MeterError);
});

// === WHAT BILLING REFUSES === //

test("what billing refused survives the process, and is sent again when asked", async (t) => {
  const found = await world(t);
  const meter = await found.spooled();
  meter.record("unknown-1", "calls", 7);
  assert.equal(await meter.flush(), true);
  await meter.close();
  assert.deepEqual(await found.files(), ["refused.ndjson"]);
  const next = await found.spooled();
  next.record("unknown-2", "calls", 1);
  assert.equal(await next.flush(), true);
  const told = (await next.refused()).map(({ event, code }) => [event.quantity, code]).sort();
  assert.deepEqual(told, [
    ["1", "unknown_subscription"],
    ["7", "unknown_subscription"],
  ]);
  found.api.unknown = "nobody";
  await next.retryRefused();
  assert.deepEqual([found.api.total(), await next.refused()], [8, []]);
});

test("a spool of another kind may take its place", async (t) => {
  const found = await world(t);
  const kept = [];
  const spool = {
    run: "mine",
    write: async (turn, changed) => void kept.push(...changed),
    remove: async () => undefined,
    leftBehind: async () => [],
    close: async () => undefined,
  };
  const meter = found.meter({ spool });
  meter.record("sub-1", "calls");
  assert.equal(await meter.flush(), true);
  assert.deepEqual(kept, found.sent());
  assert.match(kept[0].idempotency_key, /^2026-03-01T12:00\/mine\/1\/[0-9a-f]{32}$/);
});
