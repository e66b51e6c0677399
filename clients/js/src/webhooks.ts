/** Receiving webhooks: whether one is genuine, and whether it came before. */

import { subtle } from "#crypto";
import { WebhookError } from "./errors.js";
import { objectOf } from "./transport.js";
import type { WebhookEvent } from "./types.js";

type Bytes = Uint8Array<ArrayBuffer>;

/** Headers as `fetch`, Node's `http` and frameworks have them. */
export type ReceivedHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface VerifyOptions {
  /** Seconds that the timestamp may be from now; 300 if not given. */
  tolerance?: number;
  /** Now, in seconds. */
  now?: number;
}

/**
 * Return the event of a genuine request.
 *
 * The rules are those of https://www.standardwebhooks.com. Of several signatures, and of several
 * secrets, one match is enough: that is how a secret is rotated.
 *
 * @param body as it came: its bytes, or the text that they are in UTF-8
 * @param headers names in any case
 * @param secrets `whsec_…`, one or several
 * @throws WebhookError: it is not genuine, or of another time
 * @throws TypeError: a secret is none
 */
export async function verifyWebhook(
  body: string | Uint8Array | ArrayBuffer,
  headers: ReceivedHeaders,
  secrets: string | readonly string[],
  { tolerance = 300, now = Date.now() / 1000 }: VerifyOptions = {},
): Promise<WebhookEvent> {
  const [id, timestamp, signatures] = ["id", "timestamp", "signature"].map((name) =>
    headerOf(headers, `webhook-${name}`),
  ) as [string, string, string];
  checkTime(timestamp, now, tolerance);
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : new Uint8Array(body);
  const signed = joined(new TextEncoder().encode(`${id}.${timestamp}.`), bytes);
  const keys = await Promise.all([secrets].flat().map(keyOf));
  const matches = await Promise.all(
    keys.flatMap((key) => signatures.split(" ").map((one) => isSigned(signed, key, one))),
  );
  if (!matches.includes(true)) throw new WebhookError("No signature matches.");
  return eventOf(bytes);
}

function headerOf(headers: ReceivedHeaders, name: string): string {
  const isMap = typeof headers.get === "function";
  const found = isMap
    ? (headers as Headers).get(name)
    : Object.entries(headers).find(([one]) => one.toLowerCase() === name)?.[1];
  if (typeof found !== "string") throw new WebhookError(`The header ${name} is missing.`);
  return found;
}

function checkTime(timestamp: string, now: number, tolerance: number): void {
  if (!/^\d{1,12}$/.test(timestamp)) {
    throw new WebhookError("The timestamp is no number of seconds.");
  }
  if (Math.abs(now - Number(timestamp)) > tolerance) {
    throw new WebhookError("The timestamp is too far from now.");
  }
}

function keyOf(secret: string): Promise<CryptoKey> {
  const bytes = bytesOf(secret.replace(/^whsec_/, ""));
  if (!bytes?.length) throw new TypeError("a secret is whsec_ and base64");
  return subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

/** Whether a signature is the key's; WebCrypto compares in constant time. */
async function isSigned(signed: Bytes, key: CryptoKey, signature: string): Promise<boolean> {
  const bytes = signature.startsWith("v1,") ? bytesOf(signature.slice(3)) : undefined;
  return bytes !== undefined && (await subtle.verify("HMAC", key, bytes, signed));
}

/** What base64 says, undefined if it is none. */
function bytesOf(base64: string): Bytes | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4) return undefined;
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

function joined(first: Uint8Array, second: Uint8Array): Bytes {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function eventOf(bytes: Uint8Array): WebhookEvent {
  const event = objectOf(new TextDecoder().decode(bytes));
  if (!event) throw new WebhookError("The body is signed, and no event.");
  return event as unknown as WebhookEvent;
}

/**
 * Remembers which events were dealt with, in the memory of this process.
 *
 * After a restart, or in another process, an event may come again: what has a database does better
 * with a table there, whose unique column is the event's id.
 *
 * @param most events that are remembered; the oldest are forgotten
 */
export class Deduplicator {
  readonly #seen = new Map<string, Promise<unknown>>();

  constructor(private readonly most = 10_000) {}

  /**
   * Deal with an event unless that was done, or is being done: then wait for it. If `work` fails, it
   * is forgotten, so that the event may come again.
   *
   * @returns whether it was new
   */
  async once(id: string, work: () => unknown): Promise<boolean> {
    const known = this.#seen.get(id);
    if (known) {
      await known;
      return false;
    }
    const done = Promise.resolve().then(work);
    this.#seen.set(id, done);
    try {
      await done;
    } catch (error) {
      this.#seen.delete(id);
      throw error;
    }
    this.#forgetOldest();
    return true;
  }

  #forgetOldest(): void {
    for (const id of this.#seen.keys()) {
      if (this.#seen.size <= this.most) return;
      this.#seen.delete(id);
    }
  }
}
