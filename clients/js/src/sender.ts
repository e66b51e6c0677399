/** Sends batches of a meter's events. */

import type { Client } from "./client.js";
import type { KeyedEvent } from "./counters.js";
import { MeterError, PayloadTooLargeError } from "./errors.js";
import type { Refused } from "./store.js";
import type { Answer } from "./types.js";

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
      events.splice(0, batch.length, ...(await this.#push(batch)));
    }
  }

  /** @returns those that are to be sent again: the answer tells of a hundred errors at most */
  async #push(batch: KeyedEvent[]): Promise<KeyedEvent[]> {
    try {
      const options = { partial: true, attempts: 1, signal: this.signal };
      return await this.#noteSent(batch, await this.client.pushUsage(batch, options));
    } catch (error) {
      if (!(error instanceof PayloadTooLargeError)) throw error;
      if (batch.length > 1) {
        this.#most = Math.floor(batch.length / 2);
        return batch;
      }
      await this.refuse(batch.map((event) => ({ event, code: error.code, error: error.message })));
      return [];
    }
  }

  async #noteSent(batch: KeyedEvent[], answer: Answer<"push_usage">): Promise<KeyedEvent[]> {
    const refused = new Map(answer.errors?.map((one) => [batch[one.index], one]));
    const rejected = new Set(answer.rejected_indexes?.map((index) => batch[index]));
    if (rejected.size) {
      if (!refused.size) throw new MeterError("Billing rejects counters, and does not say why.");
      const told = batch.filter((event) => refused.has(event));
      await this.refuse(told.map((event) => refusal(event, refused.get(event)!)));
    }
    this.accepted += answer.accepted;
    this.unchanged += answer.unchanged;
    this.batches += 1;
    return batch.filter((event) => rejected.has(event) && !refused.has(event));
  }
}

function refusal(event: KeyedEvent, { code, error }: { code: string; error: string }): Refused {
  return { event, code, error };
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
