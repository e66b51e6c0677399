import { randomName } from "#crypto";
import type { KeyedEvent } from "./counters.js";
import type { Refused, Spool } from "./store.js";

/** No spool: what billing has not taken is lost with the process. */
export class MemorySpool implements Spool {
  readonly run = randomName();
  #refused: Refused[] = [];
  readonly #left = new Map<string, KeyedEvent[]>();

  /** @param most refused events that are kept; the oldest are forgotten */
  constructor(private readonly most: number) {}

  async write(): Promise<void> {}

  async remove(): Promise<void> {}

  async leftBehind(): Promise<string[]> {
    return [...this.#left.keys()];
  }

  async readLeft(name: string): Promise<KeyedEvent[]> {
    return this.#left.get(name) ?? [];
  }

  async removeLeft(name: string): Promise<void> {
    this.#left.delete(name);
  }

  async refuse(refused: Refused[]): Promise<void> {
    this.#refused = [...this.#refused, ...refused].slice(-this.most);
  }

  async refused(): Promise<Refused[]> {
    return this.#refused;
  }

  async retryRefused(): Promise<void> {
    const events = this.#refused.map(({ event }) => event);
    if (events.length) this.#left.set(randomName(), events);
    this.#refused = [];
  }

  async close(): Promise<void> {}
}
