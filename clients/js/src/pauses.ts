/** How long to wait before a request is sent again. */

/** In milliseconds. */
export const PAUSES = { shortest: 500, longest: 60_000 };

/**
 * Milliseconds to wait after so many failures in a row: growing, and slightly random.
 *
 * @param retryAfter seconds that the server asked for; it is never less
 */
export function pause(failures: number, retryAfter = 0): number {
  const backoff = Math.min(PAUSES.longest, PAUSES.shortest * 2 ** Math.min(failures - 1, 16));
  return Math.max(backoff * (0.5 + Math.random() / 2), retryAfter * 1000);
}

/**
 * Seconds until what a `Retry-After` header says: seconds, or a date of HTTP; undefined if neither.
 * A moment that is over is 0.
 */
export function secondsOf(header: string | null): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d+$/.test(text)) return Number(text);
  const moment = /GMT$/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(moment) ? undefined : Math.max(0, (moment - Date.now()) / 1000);
}

/** Let others do something in between. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Wait so many milliseconds, or until the signal is aborted. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, milliseconds);
    signal?.addEventListener("abort", wake);
    if (signal?.aborted) wake();
  });
}
