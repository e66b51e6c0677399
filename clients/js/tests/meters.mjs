// Meters on folders of their own, in front of a billing API that misbehaves.

import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Client, Meter } from "../dist/index.js";
import { PAUSES } from "../dist/pauses.js";
import { FileSpool } from "../dist/spool.js";
import { Api } from "./api.mjs";

// Where nobody waits for a disk; what tries the disk itself chooses another place.
const QUICK = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

export const NOON = Date.UTC(2026, 2, 1, 12);
export const METRICS = {
  calls: "sum",
  seats: "max",
  level: "last",
  users: "unique_count",
  jobs: "count",
};

export async function folderFor(t) {
  const folder = await mkdtemp(join(QUICK, "meter-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A world with a clock: its meters send when they are flushed, and are closed after the test. */
export async function world(t) {
  Object.assign(PAUSES, { shortest: 5, longest: 50 });
  const folder = await folderFor(t);
  const api = await Api.start(t);
  const found = { api, folder, now: NOON, errors: [] };
  found.meter = (options = {}) => {
    const { url = api.url, ...rest } = options;
    const meter = new Meter(new Client(url, "fbk_test", { timeout: 5_000 }), {
      metrics: METRICS,
      now: () => found.now,
      closeOn: [],
      onError: (error) => found.errors.push(error.message),
      ...rest,
    });
    t.after(() => meter.close(50));
    return meter;
  };
  found.spooled = async (options) => {
    return found.meter({ spool: await FileSpool.open(folder), writeEvery: 10, ...options });
  };
  found.files = async () =>
    (await readdir(folder)).map((name) => name.split(".").slice(1).join("."));
  found.sent = () => [...api.counters.values()];
  return found;
}
