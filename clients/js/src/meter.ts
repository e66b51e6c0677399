/** Counting usage without ever waiting for billing. */

import type { Client } from "./client.js";
import { Counter, checkAggregation, checkCounted, identityOf } from "./counters.js";
import type { Aggregation, Counted, Dimensions, KeyedEvent } from "./counters.js";
import { readQuantity } from "./decimals.js";
import type { Quantity } from "./decimals.js";
import { closeAt } from "./ends.js";
import { ApiError, MeterError } from "./errors.js";
import { MemorySpool } from "./memory.js";
import { breathe, pause, sleep } from "./pauses.js";
import { Sender } from "./sender.js";
import { Serial } from "./serial.js";
import type { Refused, Spool } from "./store.js";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const BETWEEN_TELLING = 10_000; // milliseconds
const BREATH = 1_000; // counters, after which the app may go on

export interface MeterOptions {
  /** What is counted: the aggregation by code of metric, see `client.aggregations()`. */
  metrics: Readonly<Record<string, string>>;
  /** Where counters survive the process: `await FileSpool.open(…)`. */
  spool?: Spool;
  /** Counters in memory at most, of what is being counted and of what is being sent: 50,000. */
  maxCounters?: number;
  /** Milliseconds between two writings into the spool: 1,000. */
  writeEvery?: number;
  /** Milliseconds between two sendings: 300,000. */
  sendEvery?: number;
  /** Minutes that are counted together: 60; 30 or 15 where billing's time zone needs it. */
  minutes?: number;
  /** When the meter closes by itself: `["beforeExit"]`; `"SIGTERM"` and other signals may be added. */
  closeOn?: readonly string[];
  /** Is told what goes wrong; `console.error` if not given. */
  onError?: (error: Error) => void;
  /** Tells the time in milliseconds, for tests and simulations. */
  now?: () => number;
}

export interface RecordOptions {
  /** When it was used; now if not given. */
  at?: Date;
  /** Which one, for metrics that count unique values. */
  value?: string;
  /** What charges may price by. */
  dimensions?: Dimensions;
}

/** How it stands with a meter. */
export interface Stats {
  /** Recordings since it was made. */
  recorded: number;
  /** Recordings that were not counted: there was no room, or they were wrong. */
  dropped: number;
  /** Counters that billing has not taken, of this process. */
  waiting: number;
  /** Counters that billing refused, set aside. */
  refused: number;
  /** Counters that billing took; of these, `unchanged` it had already. */
  accepted: number;
  unchanged: number;
  /** Requests that were taken. */
  batches: number;
  /** The last failure, undefined if the last sending went well. */
  error: Error | undefined;
}

/** Counters of one turn: see `Spool`. */
class Turn {
  readonly counters = new Map<string, Counter>();
  readonly unwritten = new Set<Counter>();
  /** What is still to be sent of it, when it is over and written. */
  events: KeyedEvent[] | undefined;

  constructor(readonly number: number) {}

  get size(): number {
    return this.events?.length ?? this.counters.size;
  }
}

const spoolsInUse = new WeakSet<Spool>();

/**
 * Counts usage and sends it to billing: `meter.record("sub-42", "api_calls")`.
 *
 * `record` counts in memory, and neither throws nor waits. What was counted is written into the spool
 * once a second, and sent every five minutes, again and again until billing has taken it.
 *
 * **What can be lost.** What is in the spool survives any end of the process, and of the machine:
 * `await meter.write()` says that all that was recorded is. Otherwise what was recorded in the last
 * second is lost if the process is killed. `close` loses nothing. Without a spool, everything that
 * billing has not taken yet is lost with the process.
 *
 * **When it is full**, as billing is away for long, counters that are known go on counting, and what
 * would be a new one is not counted: `record` returns false.
 */
export class Meter {
  readonly #options: Required<Omit<MeterOptions, "metrics" | "spool">>;
  readonly #metrics = new Map<string, Aggregation>();
  readonly #spool: Spool;
  readonly #isOnDisk: boolean;
  readonly #sender: Sender;
  readonly #stop = new AbortController();
  readonly #writing = new Serial();
  readonly #sending = new Serial();
  readonly #forgetEnds: () => void;
  #open = new Turn(1);
  #over: Turn | undefined;
  #left: KeyedEvent[] = [];
  #serial = 0;
  #recorded = 0;
  #dropped = 0;
  #refused = 0;
  #failures = 0;
  #error: Error | undefined;
  #told = { message: "", at: 0 };
  #nextWrite: Promise<void> | undefined;
  #writeTimer: unknown;
  #sendTimer: unknown;
  #closed: Promise<void> | undefined;

  constructor(client: Client, { metrics, spool, ...options }: MeterOptions) {
    this.#options = {
      maxCounters: 50_000,
      writeEvery: 1_000,
      sendEvery: 300_000,
      minutes: 60,
      closeOn: ["beforeExit"],
      onError: (error) => console.error(`Fusion Billing: ${error.message}`),
      now: Date.now,
      ...options,
    };
    if (DAY % (this.#options.minutes * MINUTE)) throw new RangeError("minutes must divide a day");
    for (const [metric, aggregation] of Object.entries(metrics)) {
      checkAggregation(aggregation);
      this.#metrics.set(metric, aggregation);
    }
    this.#isOnDisk = spool !== undefined;
    this.#spool = spool ?? new MemorySpool(this.#options.maxCounters);
    if (spoolsInUse.has(this.#spool)) throw new TypeError("each meter needs a spool of its own");
    spoolsInUse.add(this.#spool);
    this.#sender = new Sender(client, (refused) => this.#setAside(refused), this.#stop.signal);
    this.#forgetEnds = closeAt(this.#options.closeOn, () => this.close());
    if (this.#isOnDisk) void this.#send(() => this.#sendLeft());
  }

  // === COUNTING === //

  /**
   * Count usage.
   *
   * @param subscription your id of it, or, as a number, Odoo's
   * @param quantity of metrics that combine by `sum`, what is added
   * @returns false: it is not counted, since there is no room or billing would refuse it; `onError`
   *   is told why
   */
  record(
    subscription: string | number,
    metric: string,
    quantity: Quantity = 1,
    options: RecordOptions = {},
  ): boolean {
    try {
      this.#count(subscription, metric, quantity, options);
      this.#recorded += 1;
      return true;
    } catch (error) {
      this.#dropped += 1;
      this.#tell(error as Error);
      return false;
    }
  }

  #count(
    subscription: string | number,
    metric: string,
    quantity: Quantity,
    { at, value, dimensions }: RecordOptions,
  ): void {
    if (this.#closed) throw new MeterError("The meter is closed.");
    const aggregation = this.#metrics.get(metric);
    if (!aggregation) throw new MeterError(`The meter was not made for the metric ${metric}.`);
    const units = readQuantity(quantity);
    const instant = this.#instant(at);
    const length = this.#options.minutes * MINUTE;
    const start = Math.floor(instant / length) * length;
    const end = start + length;
    const counted = { subscription, metric, aggregation, start, end, value, dimensions };
    checkCounted(counted);
    this.#enter(counted, units, instant);
  }

  #instant(at: Date | undefined): number {
    const now = this.#options.now();
    const instant = at === undefined ? now : at.getTime();
    if (Number.isNaN(instant)) throw new TypeError("at is no time");
    if (instant > now + DAY) throw new RangeError("at must not be more than a day ahead");
    return instant;
  }

  #enter(counted: Counted, units: bigint, at: number): void {
    const { counters, unwritten } = this.#open;
    this.#serial += 1;
    const identity = identityOf(counted, this.#serial);
    let counter = counters.get(identity);
    if (counter) {
      counter.add(units, at);
    } else {
      if (counters.size >= this.#options.maxCounters) {
        throw new MeterError("There is no room for more counters: see stats().");
      }
      counter = new Counter(
        { ...counted, dimensions: copyOf(counted.dimensions) },
        identity,
        units,
        at,
      );
      counters.set(identity, counter);
      if (counters.size === Math.ceil(this.#options.maxCounters / 2)) this.#sendSoon();
    }
    unwritten.add(counter);
    if (this.#isOnDisk) this.#writeLater();
    this.#sendLater(this.#options.sendEvery);
  }

  // === WRITING === //

  /**
   * Have everything that was recorded until now in the spool, on the disk.
   *
   * @throws MeterError: that is not possible now. It stays counted in memory, and is tried again
   */
  async write(): Promise<void> {
    if (!this.#isOnDisk) throw new MeterError("A meter without a spool writes nothing.");
    this.#nextWrite ??= this.#writing.run(async () => {
      this.#nextWrite = undefined; // who asks from now on is not part of it
      if (this.#over) await this.#writeTurn(this.#over);
      await this.#writeTurn(this.#open);
    });
    await this.#nextWrite;
  }

  async #writeTurn(turn: Turn): Promise<void> {
    const changed = [...turn.unwritten];
    if (!changed.length) return;
    turn.unwritten.clear();
    try {
      const all = () => this.#eventsOf(turn, turn.counters.values());
      await this.#spool.write(turn.number, await this.#eventsOf(turn, changed), all);
    } catch (error) {
      for (const counter of changed) turn.unwritten.add(counter);
      throw error;
    }
  }

  async #eventsOf(turn: Turn, counters: Iterable<Counter>): Promise<KeyedEvent[]> {
    const events: KeyedEvent[] = [];
    for (const one of counters) {
      events.push(await one.event(this.#spool.run, turn.number));
      if (events.length % BREATH === 0) await breathe();
    }
    return events;
  }

  #writeLater(): void {
    this.#writeTimer ??= later(this.#options.writeEvery, async () => {
      this.#writeTimer = undefined;
      try {
        await this.write();
      } catch (error) {
        this.#tell(error as Error);
        this.#writeLater();
      }
    });
  }

  // === SENDING === //

  /**
   * Send what was recorded until now, and what other runs left.
   *
   * @param timeout milliseconds
   * @returns whether billing took all of it in time, or it was set aside
   */
  async flush(timeout = 30_000): Promise<boolean> {
    const done = new AbortController();
    const late = sleep(timeout, done.signal).then(() => false);
    try {
      return await Promise.race([this.#sendUntilTaken(done.signal), late]);
    } finally {
      done.abort();
    }
  }

  async #sendUntilTaken(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted && !this.#stop.signal.aborted) {
      if (await this.#send()) return true;
      await sleep(this.#pause(), signal);
    }
    return false;
  }

  #pause(): number {
    const retryAfter = this.#error instanceof ApiError ? this.#error.retryAfter : 0;
    return pause(Math.max(this.#failures, 1), retryAfter);
  }

  /** Whether all that was counted until now was sent. What was not is sent later. */
  #send(work = () => this.#sendAll()): Promise<boolean> {
    return this.#sending.run(async () => {
      if (this.#stop.signal.aborted) return false;
      try {
        await work();
        this.#failures = 0;
        this.#error = undefined;
        this.#sendLater(this.#options.sendEvery);
        return true;
      } catch (error) {
        if (this.#stop.signal.aborted) return false;
        this.#failures += 1;
        this.#error = error as Error;
        this.#tell(this.#error);
        this.#forgetTimer();
        this.#sendLater(this.#pause());
        return false;
      }
    });
  }

  /**
   * Send everything that was counted until now.
   *
   * A turn begins only when the one before is sent: while billing is away, counters go on growing by
   * the hour instead of becoming more.
   */
  async #sendAll(): Promise<void> {
    await this.#sendOver();
    if (this.#open.counters.size) {
      this.#over = this.#open;
      this.#open = new Turn(this.#over.number + 1);
    }
    await this.#sendOver();
    await this.#sendLeft();
  }

  /** Send what other runs left in the folder. */
  async #sendLeft(): Promise<void> {
    for (const name of await this.#spool.leftBehind()) {
      this.#left = await this.#spool.readLeft(name);
      await this.#sender.send(this.#left);
      await this.#spool.removeLeft(name);
    }
  }

  async #sendOver(): Promise<void> {
    const turn = this.#over;
    if (!turn) return;
    if (!turn.events) {
      await this.#writing.run(() => this.#writeTurn(turn));
      turn.events = await this.#eventsOf(turn, turn.counters.values());
      turn.counters.clear();
    }
    await this.#sender.send(turn.events);
    await this.#spool.remove(turn.number);
    this.#over = undefined;
  }

  async #setAside(refused: Refused[]): Promise<void> {
    await this.#spool.refuse(refused);
    this.#refused += refused.length;
    const [one] = refused;
    this.#tell(
      new MeterError(
        `Billing refused usage, which is set aside: ${refused.length} events, such as ` +
          `${JSON.stringify(one?.event)}: ${one?.error}`,
      ),
    );
  }

  #sendLater(milliseconds: number): void {
    this.#sendTimer ??= later(milliseconds, async () => {
      this.#sendTimer = undefined;
      await this.#send();
    });
  }

  /** Send before there is no room any more; after a failure that is left to the pause. */
  #sendSoon(): void {
    if (this.#failures) return;
    this.#forgetTimer();
    this.#sendLater(0);
  }

  #forgetTimer(): void {
    clearTimeout(this.#sendTimer as number);
    this.#sendTimer = undefined;
  }

  // === WHAT THERE IS === //

  /** What billing refused: mend the reason and `retryRefused`, or look at it elsewhere. */
  refused(): Promise<Refused[]> {
    return this.#spool.refused();
  }

  /** Have everything sent again that billing refused. */
  async retryRefused(): Promise<void> {
    await this.#spool.retryRefused();
    this.#refused = 0;
    await this.#send();
  }

  stats(): Stats {
    return {
      recorded: this.#recorded,
      dropped: this.#dropped,
      waiting: this.#open.size + (this.#over?.size ?? 0) + this.#left.length,
      refused: this.#refused,
      accepted: this.#sender.accepted,
      unchanged: this.#sender.unchanged,
      batches: this.#sender.batches,
      error: this.#error,
    };
  }

  /** Tell what goes wrong, the same not all the time; nothing comes back to the app. */
  #tell(error: Error): void {
    const now = Date.now();
    if (error.message === this.#told.message && now - this.#told.at < BETWEEN_TELLING) return;
    this.#told = { message: error.message, at: now };
    try {
      this.#options.onError(error);
    } catch {
      // What listens to errors must not become one.
    }
  }

  // === ITS END === //

  /**
   * Send what can be sent in time, and write the rest into the spool, where it waits for the next
   * meter. Safe to call twice.
   *
   * @param timeout milliseconds
   */
  close(timeout = 5_000): Promise<void> {
    this.#closed ??= this.#close(timeout);
    return this.#closed;
  }

  async #close(timeout: number): Promise<void> {
    await this.flush(timeout);
    this.#stop.abort();
    await this.#sending.run(async () => undefined); // what is under way ends
    this.#forgetTimer();
    clearTimeout(this.#writeTimer as number);
    this.#forgetEnds();
    await this.#keepTheRest();
    await this.#spool.close().catch((error) => this.#tell(error));
  }

  async #keepTheRest(): Promise<void> {
    try {
      const { waiting } = this.stats();
      if (!this.#isOnDisk && waiting)
        throw new MeterError(`The meter ends, and loses counters: ${waiting}`);
      if (this.#isOnDisk) await this.write();
    } catch (error) {
      this.#tell(error as Error);
    }
  }
}

/** Do something after a while, if the process lives so long. */
function later(milliseconds: number, work: () => Promise<void>): unknown {
  const timer: unknown = setTimeout(() => void work(), milliseconds);
  (timer as { unref?: () => void }).unref?.();
  return timer;
}

function copyOf(dimensions: Dimensions | undefined): Dimensions | undefined {
  return dimensions && { ...dimensions };
}
