/** One request to the API, sent again as long as that is right. */

import { randomName } from "#crypto";
import {
  ApiError,
  FusionError,
  NoAnswerError,
  NotReadyError,
  RateLimitError,
  UnavailableError,
  errorOf,
} from "./errors.js";
import { pause, secondsOf, sleep } from "./pauses.js";

const BASE = "/fusion/api/v1";

const IN_FLIGHT = "idempotency_in_flight";

export interface TransportOptions {
  /** Milliseconds until an answer must be there as a whole. 60,000 if not given. */
  timeout?: number;
  /** How often a request is sent at most. 6 if not given. */
  attempts?: number;
  /** A `Retry-After` of more milliseconds than this is thrown, and not waited for: 120,000. */
  patience?: number;
  /** Where a server with several databases needs the header `X-Odoo-Database`. */
  database?: string;
}

export interface RequestOptions {
  /** Aborts the request, and the waiting for the next attempt. */
  signal?: AbortSignal;
  /** How often it is sent at most. */
  attempts?: number;
}

export interface Sending extends RequestOptions {
  query?: Readonly<Record<string, unknown>>;
  body?: unknown;
  /**
   * Whether the request, carried out twice, would do something twice: then an `Idempotency-Key` has
   * the server do it once, however often it is sent.
   */
  once?: boolean;
}

/** Sends requests with one key. */
export class Transport {
  readonly #base: string;
  readonly #headers: Record<string, string>;
  readonly #timeout: number;
  readonly #attempts: number;
  readonly #patience: number;

  constructor(url: string, key: string, options: TransportOptions) {
    if (!/^https?:\/\//.test(url)) throw new TypeError("url must begin with https:// or http://");
    this.#base = url.replace(/\/+$/, "").replace(new RegExp(`${BASE}$`), "") + BASE;
    this.#headers = { Accept: "application/json", Authorization: `Bearer ${key}` };
    if (options.database) this.#headers["X-Odoo-Database"] = options.database;
    this.#timeout = options.timeout ?? 60_000;
    this.#attempts = options.attempts ?? 6;
    this.#patience = options.patience ?? 120_000;
    if (this.#attempts < 1) throw new RangeError("attempts must be at least 1");
  }

  /**
   * Send a request until it is answered, or there is no more use in it.
   *
   * @returns the text of the answer
   * @throws ApiError: the API refused it
   * @throws NoAnswerError: nobody answered
   */
  async call(verb: string, path: string, sending?: Sending): Promise<string> {
    return textOf(await this.bytes(verb, path, sending));
  }

  /** As `call`, of an answer that is no text. */
  async bytes(verb: string, path: string, sending: Sending = {}): Promise<Uint8Array> {
    const attempts = sending.attempts ?? this.#attempts;
    const headers = sending.once ? { "Idempotency-Key": randomName() + randomName() } : {};
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#send(verb, path, sending, headers);
      } catch (error) {
        const isLast = attempt >= attempts || sending.signal?.aborted;
        if (isLast || !this.#isWorthRepeating(error)) throw error;
        await sleep(pause(attempt, (error as ApiError).retryAfter), sending.signal);
      }
    }
  }

  #isWorthRepeating(error: unknown): boolean {
    if (error instanceof NoAnswerError) return true;
    if (!(error instanceof ApiError) || error instanceof NotReadyError) return false;
    const isPassing = error instanceof RateLimitError || error instanceof UnavailableError;
    if (!isPassing && error.code !== IN_FLIGHT) return false;
    return (error.retryAfter ?? 0) * 1000 <= this.#patience;
  }

  /** Send it once; headers and body of the answer have to come in time. */
  async #send(
    verb: string,
    path: string,
    { query, body, signal }: Sending,
    headers: Record<string, string>,
  ): Promise<Uint8Array> {
    const stop = new AbortController();
    const abort = () => stop.abort(signal?.reason);
    const timer = setTimeout(() => stop.abort(new Error("it took too long")), this.#timeout);
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    try {
      const answer = await fetch(this.#base + path + queryOf(query), {
        method: verb,
        headers: { ...this.#headers, ...headers, ...(body !== undefined && JSON_BODY) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        redirect: "manual", // the key is for this server alone
        signal: stop.signal,
      });
      return read(answer, new Uint8Array(await answer.arrayBuffer()));
    } catch (error) {
      if (error instanceof FusionError) throw error;
      throw new NoAnswerError(`No answer to ${verb} ${path}: ${told(error)}`, { cause: error });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }
}

const JSON_BODY = { "Content-Type": "application/json" };

/** What is undefined is not asked for. */
function queryOf(query: Readonly<Record<string, unknown>> = {}): string {
  const given = Object.entries(query).filter(([, one]) => one !== undefined && one !== null);
  const text = new URLSearchParams(given.map(([name, one]) => [name, String(one)])).toString();
  return text && `?${text}`;
}

function read(answer: Response, content: Uint8Array): Uint8Array {
  if (answer.status === 200 || answer.status === 201) return content;
  const text = textOf(content);
  let said = objectOf(text);
  if (!said || !("code" in said)) {
    said = { code: "no_json", error: `no answer of the API: ${text.slice(0, 200)}` };
  }
  const requestId = answer.headers.get("X-Request-Id") ?? undefined;
  throw errorOf(answer.status, said, requestId, secondsOf(answer.headers.get("Retry-After")));
}

function textOf(content: Uint8Array): string {
  return new TextDecoder().decode(content);
}

/** The JSON object that a text is, undefined if it is none. */
export function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function told(error: unknown): string {
  const { cause, message } = error as Error & { cause?: Error & { code?: string } };
  return cause ? `${message}: ${cause.message || cause.code}` : message;
}
