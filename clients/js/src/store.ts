/** Where counters wait until billing has taken them. */

import type { KeyedEvent } from "./counters.js";

/** An event that billing refused, and why. */
export interface Refused {
  event: KeyedEvent;
  code: string;
  error: string;
}

/**
 * What a meter asks of a spool.
 *
 * Turns make it safe to send again. A counter grows only in the turn in which it began; what is sent
 * belongs to a turn that is over and is stored as a whole, so that what was sent once under a key
 * stays as it is. So the order in which requests arrive does not matter, nor how often.
 */
export interface Spool {
  /** Stands in the keys of this process: nobody else has it. */
  readonly run: string;
  /**
   * Store what counters of a turn say by now.
   *
   * @param changed what is new since the last time
   * @param all tells what all of the turn's counters say
   */
  write(turn: number, changed: KeyedEvent[], all: () => Promise<KeyedEvent[]>): Promise<void>;
  /** Forget a turn: billing has taken it. */
  remove(turn: number): Promise<void>;
  /** The names of what runs left that have ended, or what is to be tried once more. */
  leftBehind(): Promise<string[]>;
  readLeft(name: string): Promise<KeyedEvent[]>;
  removeLeft(name: string): Promise<void>;
  /** Set aside what billing refused. */
  refuse(refused: Refused[]): Promise<void>;
  refused(): Promise<Refused[]>;
  /** Leave what was refused behind, so that it is sent again. */
  retryRefused(): Promise<void>;
  close(): Promise<void>;
}
