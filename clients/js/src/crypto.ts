/** WebCrypto, as browsers and most runtimes have it. */
export const { subtle } = globalThis.crypto;

/** A name that nobody else has. */
export function randomName(): string {
  return hexOf(globalThis.crypto.getRandomValues(new Uint8Array(8)));
}

/** The SHA-256 of a text, in hexadecimal digits. */
export async function digest(text: string): Promise<string> {
  return hexOf(new Uint8Array(await subtle.digest("SHA-256", new TextEncoder().encode(text))));
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
