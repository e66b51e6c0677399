// Tells what became of each test, as lines of JSON.

import { inspect } from "node:util";

export default async function* report(events) {
  for await (const { type, data } of events) {
    if (!["test:pass", "test:fail"].includes(type) || data.nesting) continue;
    const { error } = data.details;
    const failure = type === "test:fail" ? inspect(error?.cause ?? error) : null;
    yield `${JSON.stringify({ name: data.name, failure })}\n`;
  }
}
