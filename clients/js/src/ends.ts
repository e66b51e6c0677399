/** How the process of Node ends; there is none in a browser. */
interface Process {
  readonly pid: number;
  on(name: string, listener: () => void): void;
  off(name: string, listener: () => void): void;
  listenerCount(name: string): number;
  kill(pid: number, signal: string): void;
}

/**
 * Have something closed at such an end: `beforeExit`, `SIGTERM`, … After a signal the process ends as
 * it would have, unless somebody else listens to it.
 *
 * @returns listens no more
 */
export function closeAt(names: readonly string[], close: () => Promise<void>): () => void {
  const { process } = globalThis as { process?: Process };
  if (typeof process?.on !== "function") return () => undefined;
  const forgetting = names.map((name) => {
    const listener = async () => {
      await close();
      process.off(name, listener);
      const isSignal = name.startsWith("SIG");
      if (isSignal && !process.listenerCount(name)) process.kill(process.pid, name);
    };
    process.on(name, listener);
    return () => process.off(name, listener);
  });
  return () => forgetting.forEach((forget) => forget());
}
