/**
 * Counters on their way, on the disk of a Node process until billing has taken them.
 *
 * Each turn of a meter has a file, to which it appends lines: events, of which the last with a key is
 * what counts. When billing has taken the turn, the file is removed. All processes of a machine may
 * share the folder: what a process left behind is sent by the next one that looks. Two may do so at
 * once, since it is the same events with the same keys.
 *
 * A socket beside the files says that their process lives: nobody can connect to it any more when the
 * process has ended, however that came.
 */

import { mkdir, open, readdir, realpath, rename, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { connect, createServer } from "node:net";
import type { Server } from "node:net";
import { join } from "node:path";

import { randomName } from "#crypto";
import type { KeyedEvent } from "./counters.js";
import { MeterError } from "./errors.js";
import { Serial } from "./serial.js";
import type { Refused, Spool } from "./store.js";
import { objectOf } from "./transport.js";

/** A file is written anew when it is larger than this, and four times what it has to be. */
const SMALLEST = 1024 * 1024;
const AT_ONCE = 1_000; // events that are written before others may do something
const LONGEST_PATH = 100; // of a socket, in bytes: Linux takes 107, macOS 103
const TURN = /^(\w+)\.\d+\.ndjson$/;
const REFUSED = /^(\w+)\.refused\.ndjson$/;
const UNFINISHED = /^(\w+)\.\d+\.ndjson\.new$/;
const SOCKET = /^(\w+)\.sock$/;

/** A folder that holds counters: `await FileSpool.open("/var/lib/myapp/usage")`. */
export class FileSpool implements Spool {
  readonly run = randomName();
  readonly #folder: string;
  readonly #serial = new Serial();
  #server: Server | undefined;
  #file: { turn: number; handle: FileHandle; size: number; limit: number } | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Open a folder, or make it.
   *
   * @throws MeterError: its path is too long, or the system is not POSIX
   */
  static async open(folder: string): Promise<FileSpool> {
    if (process.platform === "win32") throw new MeterError("A spool needs Linux or macOS.");
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const spool = new FileSpool(await realpath(folder));
    await spool.#listen();
    return spool;
  }

  /** The socket gets its name when one can connect to it, so that it is never taken for a dead one. */
  async #listen(): Promise<void> {
    const path = this.#path("sock");
    if (Buffer.byteLength(path) > LONGEST_PATH) {
      throw new MeterError(
        `The path of the spool is too long: ${path} has over ${LONGEST_PATH} bytes.`,
      );
    }
    const server = createServer((caller) => caller.on("error", () => undefined).destroy());
    const made = this.#path("new");
    await new Promise<void>((resolve, reject) => {
      // It stays: an error of a socket later, such as too many open files, is not the app's.
      server.on("error", reject).listen({ path: made, exclusive: true }, resolve);
    });
    server.unref();
    await rename(made, path);
    this.#server = server;
  }

  #path(rest: string): string {
    return join(this.#folder, `${this.run}.${rest}`);
  }

  // === WRITING === //

  async write(
    turn: number,
    changed: KeyedEvent[],
    all: () => Promise<KeyedEvent[]>,
  ): Promise<void> {
    await this.#serial.run(async () => {
      try {
        if (!(await this.#append(turn, changed))) await this.#rewrite(turn, await all());
      } catch (error) {
        // What is in the file is not known any more: the next time it is made anew.
        await this.#letGo().catch(() => undefined);
        throw new MeterError(`Usage cannot be stored: ${(error as Error).message}`, {
          cause: error,
        });
      }
    });
  }

  /** @returns false: it has to be written anew */
  async #append(turn: number, events: KeyedEvent[]): Promise<boolean> {
    const file = this.#file;
    if (file?.turn !== turn || file.size > file.limit) return false;
    file.size += await put(file.handle, events);
    return true;
  }

  async #rewrite(turn: number, events: KeyedEvent[]): Promise<void> {
    await this.#letGo();
    const path = this.#path(`${turn}.ndjson`);
    const handle = await open(`${path}.new`, "w", 0o600);
    this.#file = { turn, handle, size: 0, limit: 0 };
    const size = await put(handle, events);
    Object.assign(this.#file, { size, limit: Math.max(SMALLEST, size * 4) });
    await rename(`${path}.new`, path);
    await this.#sync();
  }

  async #letGo(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close();
  }

  /** Have the names in the folder on the disk. */
  async #sync(): Promise<void> {
    const folder = await open(this.#folder, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  async remove(turn: number): Promise<void> {
    await this.#serial.run(async () => {
      if (this.#file?.turn === turn) await this.#letGo();
      await rm(this.#path(`${turn}.ndjson`), { force: true });
    });
  }

  // === WHAT OTHERS LEFT === //

  async leftBehind(): Promise<string[]> {
    const names = await this.#deadNames();
    const tidied = names.filter((name) => UNFINISHED.test(name) || SOCKET.test(name));
    await Promise.all(tidied.map((name) => this.removeLeft(name)));
    return names.filter((name) => TURN.test(name)).sort();
  }

  /** The files whose run has ended. */
  async #deadNames(): Promise<string[]> {
    const names = await readdir(this.#folder);
    const runs = new Map<string, Promise<boolean>>();
    const dead: string[] = [];
    for (const name of names) {
      const run = [TURN, REFUSED, UNFINISHED, SOCKET]
        .map((one) => one.exec(name)?.[1])
        .find(Boolean);
      if (!run) continue;
      if (!runs.has(run)) runs.set(run, hasEnded(join(this.#folder, `${run}.sock`)));
      if (await runs.get(run)) dead.push(name);
    }
    return dead;
  }

  async readLeft(name: string): Promise<KeyedEvent[]> {
    const events = new Map<string, KeyedEvent>();
    for (const { event } of await this.#read<{ event: KeyedEvent }>(name)) {
      events.set(
        JSON.stringify([subscriptionOf(event), event.metric_code, event.idempotency_key]),
        event,
      );
    }
    return [...events.values()];
  }

  async removeLeft(name: string): Promise<void> {
    await rm(join(this.#folder, name), { force: true });
  }

  /** A line is torn where the process, or the machine, stopped in the middle: nobody relied on it. */
  async #read<T>(name: string): Promise<T[]> {
    const handle = await open(join(this.#folder, name)).catch(unlessMissing);
    const found: T[] = [];
    for await (const line of handle?.readLines() ?? []) {
      const value = objectOf(line);
      if (value) found.push(value as T);
    }
    return found;
  }

  // === WHAT BILLING REFUSED === //

  async refuse(refused: Refused[]): Promise<void> {
    await this.#serial.run(async () => {
      const handle = await open(this.#path("refused.ndjson"), "a", 0o600);
      try {
        await handle.appendFile(refused.map((one) => `\n${JSON.stringify(one)}\n`).join(""));
        await handle.datasync();
      } finally {
        await handle.close();
      }
      await this.#sync();
    });
  }

  async refused(): Promise<Refused[]> {
    const names = (await readdir(this.#folder)).filter((name) => REFUSED.test(name));
    return (await Promise.all(names.map((name) => this.#read<Refused>(name)))).flat();
  }

  async retryRefused(): Promise<void> {
    const names = (await this.#deadNames()).filter((name) => REFUSED.test(name));
    await this.#serial.run(async () => {
      for (const name of [`${this.run}.refused.ndjson`, ...names]) {
        const left = join(this.#folder, `${randomName()}.0.ndjson`); // of a run that never was
        await rename(join(this.#folder, name), left).catch(unlessMissing);
      }
    });
  }

  // === ITS END === //

  async close(): Promise<void> {
    await this.#serial.run(() => this.#letGo());
    this.#server?.close();
    await rm(this.#path("sock"), { force: true });
  }
}

/** Write events, so that the disk has them; returns how many bytes. */
async function put(handle: FileHandle, events: KeyedEvent[]): Promise<number> {
  let size = 0;
  for (let first = 0; first < events.length; first += AT_ONCE) {
    const some = events.slice(first, first + AT_ONCE);
    const text = Buffer.from(some.map((event) => `${JSON.stringify({ event })}\n`).join(""));
    await handle.appendFile(text);
    size += text.length;
  }
  await handle.datasync();
  return size;
}

function subscriptionOf(event: KeyedEvent): unknown {
  return event.subscription_id ?? event.subscription_external_id;
}

/** Somebody else was quicker: that is no failure. */
function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}

/** Whether nobody listens to a socket any more. In doubt somebody does. */
function hasEnded(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const caller = connect(path, () => {
      caller.destroy();
      resolve(false);
    });
    caller.once("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code === "ECONNREFUSED" || error.code === "ENOENT");
    });
  });
}
