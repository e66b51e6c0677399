import { createHash, randomBytes, webcrypto } from "node:crypto";

/** WebCrypto: Node 18 has no global one. */
export const subtle = webcrypto.subtle as SubtleCrypto;

/** A name that nobody else has. */
export function randomName(): string {
  return randomBytes(8).toString("hex");
}

/** The SHA-256 of a text, in hexadecimal digits: at once, where WebCrypto asks another thread. */
export async function digest(text: string): Promise<string> {
  return createHash("sha256").update(text).digest("hex");
}
