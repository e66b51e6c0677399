/**
 * What is counted: checked, aggregated by the hour, and written as events of the API.
 *
 * How recordings combine within an hour follows from the metric's aggregation:
 *
 * - `sum` adds up, `max` keeps the greatest, `last` the latest with its instant;
 * - `unique_count` keeps each value once;
 * - `count`, `average` and `weighted` depend on each single recording: each is sent by itself.
 */

import { digest } from "#crypto";
import { writeQuantity } from "./decimals.js";
import type { UsageEvent } from "./types.js";

export type Dimensions = Readonly<Record<string, string | number | boolean>>;

/** An event of the API with its key. */
export type KeyedEvent = UsageEvent & { idempotency_key: string };

/** Whether recordings of the aggregation are sent one by one. */
const IS_SINGLE = {
  sum: false,
  max: false,
  last: false,
  unique_count: false,
  count: true,
  average: true,
  weighted: true,
};

export type Aggregation = keyof typeof IS_SINGLE;

const TEXT = 255;
const MOST_DIMENSIONS = 20;
const DIMENSION_NAME = 64;
/** No database holds NUL or half of a surrogate pair: for one, billing refuses a whole request. */
const UNFIT = /[\0\p{Surrogate}]/u;

export interface Counted {
  subscription: string | number;
  metric: string;
  aggregation: Aggregation;
  /** Of the hour, in milliseconds. */
  start: number;
  end: number;
  value: string | undefined;
  dimensions: Dimensions | undefined;
}

/** One counter: recordings with equal identities combine in it. */
export class Counter {
  #key: string | undefined;

  constructor(
    readonly counted: Counted,
    readonly identity: string,
    private units: bigint,
    private at: number,
  ) {}

  /** Take a later recording in. */
  add(units: bigint, at: number): void {
    const { aggregation } = this.counted;
    if (aggregation === "sum") this.units += units;
    if (aggregation === "max" && units > this.units) this.units = units;
    if (aggregation === "last" && at >= this.at) [this.units, this.at] = [units, at];
  }

  /**
   * The event of the API that tells what was counted. Its idempotency key follows from what is
   * counted, by which run, in which turn: two processes, or one after a restart, never share a key.
   * A value of `unique_count` counts once whoever tells it, so there the key is everybody's.
   */
  async event(run: string, turn: number): Promise<KeyedEvent> {
    const { subscription, metric, aggregation, start, end, value, dimensions } = this.counted;
    const who = aggregation === "unique_count" ? "unique" : `${run}/${turn}`;
    const hour = new Date(start).toISOString().slice(0, 16);
    this.#key ??= `${hour}/${who}/${(await digest(this.identity)).slice(0, 32)}`;
    const isInstant = aggregation === "last" || IS_SINGLE[aggregation];
    return {
      ...(typeof subscription === "number"
        ? { subscription_id: subscription }
        : { subscription_external_id: subscription }),
      metric_code: metric,
      quantity: writeQuantity(this.units),
      period_start: new Date(isInstant ? this.at : start).toISOString(),
      period_end: new Date(end).toISOString(),
      idempotency_key: this.#key,
      ...(value !== undefined && { value }),
      ...(dimensions && { dimensions }),
    };
  }
}

/** @param serial tells counters apart that are sent one by one */
export function identityOf(counted: Counted, serial: number): string {
  const { subscription, metric, aggregation, start, value, dimensions } = counted;
  const ordered = Object.entries(dimensions ?? {}).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([
    subscription,
    metric,
    start,
    value ?? null,
    ordered,
    IS_SINGLE[aggregation] ? serial : 0,
  ]);
}

/** @throws TypeError: there is no such aggregation */
export function checkAggregation(name: string): asserts name is Aggregation {
  if (!Object.hasOwn(IS_SINGLE, name)) throw new TypeError(`no such aggregation: ${name}`);
}

/** @throws TypeError: the API would not take it */
export function checkCounted({ subscription, metric, aggregation, value, dimensions }: Counted) {
  if (
    typeof subscription === "number" ? !Number.isSafeInteger(subscription) : isBad(subscription)
  ) {
    throw new TypeError(`subscription must be a whole number or ${A_TEXT}`);
  }
  if (aggregation === "unique_count" && value === undefined) {
    throw new TypeError(`${metric} counts unique values: say which value`);
  }
  if (value !== undefined && isBad(value)) throw new TypeError(`value must be ${A_TEXT}`);
  const named = Object.entries(dimensions ?? {});
  if (named.length > MOST_DIMENSIONS) {
    throw new TypeError(`there may be at most ${MOST_DIMENSIONS} dimensions`);
  }
  for (const [name, one] of named) checkDimension(name, one);
}

const A_TEXT = `a text of 1 to ${TEXT} characters, without NUL`;

function checkDimension(name: string, one: unknown): void {
  if (isBad(name, DIMENSION_NAME)) {
    throw new TypeError(`a dimension has a name of 1 to ${DIMENSION_NAME} characters`);
  }
  const isText = typeof one === "string" && fits(one, TEXT);
  const isNumber = Number.isSafeInteger(one) && Math.abs(one as number) < 1e15;
  if (!isText && !isNumber && typeof one !== "boolean") {
    throw new TypeError(`the dimension ${name} must be a text, a whole number or a boolean`);
  }
}

function isBad(text: unknown, most = TEXT): boolean {
  return typeof text !== "string" || !text.trim() || !fits(text, most);
}

/** The API counts characters, and JavaScript those beyond U+FFFF twice. */
function fits(text: string, most: number): boolean {
  return (text.length <= most || [...text].length <= most) && !UNFIT.test(text);
}
