import { randomBytes, webcrypto } from "node:crypto";

/** WebCrypto: Node 18 has no global one. */
export const subtle = webcrypto.subtle as SubtleCrypto;

/** A name that nobody else has. */
export function randomName(): string {
  return randomBytes(8).toString("hex");
}
