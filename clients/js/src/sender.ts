/** Sends batches of a meter's events. */

import type { Client } from "./client.js";
import type { KeyedEvent } from "./counters.js";
import { BadRequestError, PayloadTooLargeError } from "./errors.js";
import type { Refused } from "./store.js";

const MOST_EVENTS = 5_000; // that the API takes in one request
const MOST_BYTES = 4 * 1024 * 1024; // of 5 MiB

export class Sender {
  accepted = 0;
  unchanged = 0;
  batches = 0;
  #most = MOST_EVENTS;

  /**
   * @param refuse stores what billing refused
   * @param signal ends the sending
   */
  constructor(
    private readonly client: Client,
    private readonly refuse: (refused: Refused[]) => Promise<void>,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Send events, and take them out of the list when billing has taken or refused them.
   *
   * @throws FusionError: billing did not take them for now
   */
  async send(events: KeyedEvent[]): Promise<void> {
    while (events.length) {
      const batch = events.slice(0, fitting(events, this.#most));
      const refused = await this.#push(batch);
      if (refused === "too large") {
        this.#most = Math.floor(batch.length / 2);
        continue;
      }
      if (refused.length) await this.refuse(refused);
      const gone = new Set(refused.length ? refused.map(({ event }) => event) : batch);
      events.splice(0, batch.length, ...batch.filter((event) => !gone.has(event)));
    }
  }

  /** @returns what is wrong with which event: then none of them was stored */
  async #push(batch: KeyedEvent[]): Promise<Refused[] | "too large"> {
    try {
      const answer = await this.client.pushUsage(batch, { attempts: 1, signal: this.signal });
      this.accepted += answer.accepted;
      this.unchanged += answer.unchanged;
      this.batches += 1;
      return [];
    } catch (error) {
      if (error instanceof PayloadTooLargeError && batch.length > 1) return "too large";
      const refused = refusedIn(batch, error);
      if (!refused.length) throw error;
      return refused;
    }
  }
}

/** The events that an error says are wrong. */
function refusedIn(batch: KeyedEvent[], error: unknown): Refused[] {
  if (error instanceof PayloadTooLargeError) {
    return batch.map((event) => ({ event, code: error.code, error: error.message }));
  }
  if (!(error instanceof BadRequestError)) return [];
  return error.events.flatMap(({ index, code, error: said }) => {
    const event = batch[index];
    return event ? [{ event, code, error: said }] : [];
  });
}

/** How many of the first events fit into a request. */
function fitting(events: KeyedEvent[], most: number): number {
  let size = 0;
  const found = events.slice(0, most).findIndex((event) => {
    size += JSON.stringify(event).length + 1;
    return size > MOST_BYTES;
  });
  return found < 0 ? Math.min(events.length, most) : Math.max(found, 1);
}
