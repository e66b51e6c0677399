// Counts one by one and notes it in a log, until it is killed.
//
//     counting_app.mjs URL KEY SPOOL LOG HOUR NAME DISK
//
// The log has a `b` before each recording, and a `d` when it is on the disk. Without an HOUR it only
// sends, until there is nothing left, and ends. A DISK is not filled here: see spool.test.mjs.

import { openSync, writeSync } from "node:fs";
import { readdir } from "node:fs/promises";

import { Client, Meter } from "../dist/index.js";
import { PAUSES } from "../dist/pauses.js";
import { FileSpool } from "../dist/spool.js";

const [url, key, folder, log, hour, name] = process.argv.slice(2);

Object.assign(PAUSES, { shortest: 20, longest: 200 });
const meter = new Meter(new Client(url, key, { timeout: 10_000 }), {
  metrics: { api_calls: "sum" },
  spool: await FileSpool.open(folder),
  sendEvery: 50,
  onError: () => undefined,
});
process.stdout.write("ready\n");
if (hour) await count(openSync(log, "a"), { at: new Date(hour), dimensions: { app: name } });
await sendAll();

async function count(file, options) {
  for (;;) {
    writeSync(file, "b");
    if (!meter.record("sub-00000", "api_calls", 1, options)) throw new Error("not counted");
    await meter.write();
    writeSync(file, "d");
  }
}

/** Send what any process left, and be the last file. */
async function sendAll() {
  while (!(await meter.flush()) || (await readdir(folder)).length > 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await meter.close();
}
