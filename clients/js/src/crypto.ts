/** WebCrypto, as browsers and most runtimes have it. */
export const { subtle } = globalThis.crypto;

/** A name that nobody else has. */
export function randomName(): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
