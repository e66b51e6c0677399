// A small billing API over HTTP that misbehaves as it is told.

import { once } from "node:events";
import { createServer } from "node:http";

const BASE = "/fusion/api/v1";

/** Answer so, and do nothing else; a text, or bytes, are sent as they are. */
export const answer = (status, content = "", headers = {}) => ({ status, content, headers });

/** An error of the API. */
export const refusal = (status, code, more = {}, headers = {}) =>
  answer(status, { status: "error", code, error: "No.", request_id: "r-1", ...more }, headers);

/** Close the connection without an answer; "before" says that the request is carried out first. */
export const cut = (done) => ({ cut: done });

/** Carry it out, and answer after so many milliseconds. */
export const slow = (milliseconds) => ({ slow: milliseconds });

/**
 * The server: `const api = await Api.start(t)`, closed after the test.
 *
 * Counters are known by subscription, metric and key, and the same key with another quantity replaces
 * the counter. Subscriptions that begin with `unknown` are not known.
 */
export class Api {
  requests = [];
  counters = new Map();
  answers = {}; // what to answer, by verb and path
  unknown = "unknown";
  mostEvents = 5000;
  away = false;
  #steps = [];

  static async start(t) {
    const api = new Api();
    const server = createServer((request, response) => void api.#serve(request, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    api.url = `http://127.0.0.1:${server.address().port}`;
    api.stop = async () => {
      server.closeAllConnections();
      server.close();
      if (server.listening) await once(server, "close");
    };
    t.after(api.stop);
    return api;
  }

  /** What to do with the next requests, one after the other. */
  next(...steps) {
    this.#steps.push(...steps);
  }

  /** The sum of all counters, or of those that a condition picks. */
  total(isWanted = () => true) {
    const found = [...this.counters.values()].filter(isWanted);
    return found.reduce((sum, { quantity }) => sum + Number(quantity), 0);
  }

  async #serve(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const [path, query = ""] = request.url.slice(BASE.length).split("?");
    const { method: verb, headers } = request;
    const seen = { verb, path, query, headers, text, payload: text ? JSON.parse(text) : undefined };
    this.requests.push(seen);
    const step = this.#steps.shift() ?? {};
    if (step.cut !== undefined) {
      if (step.cut === "before") this.#carryOut(seen);
      return request.socket.destroy();
    }
    const { status, content, headers: given } = step.status ? step : this.#carryOut(seen);
    if (step.slow) await new Promise((resolve) => setTimeout(resolve, step.slow).unref());
    response.writeHead(status, given);
    const isRaw = typeof content === "string" || Buffer.isBuffer(content);
    response.end(isRaw ? content : JSON.stringify(content));
  }

  #carryOut({ verb, path, query, payload }) {
    if (this.away) return refusal(503, "unavailable");
    const prepared = this.answers[`${verb} ${path}`];
    if (prepared) return prepared.shift();
    if (`${verb} ${path}` === "POST /usage") {
      return this.#store(payload.events, query.includes("partial=true"));
    }
    return answer(200, { status: "ok", metrics: [{ metric_code: "calls", aggregation: "sum" }] });
  }

  #store(events, partial) {
    if (events.length > this.mostEvents) return refusal(413, "payload_too_large");
    const rejected = events.flatMap(({ subscription_external_id: name }, index) =>
      String(name).startsWith(this.unknown) ? [index] : [],
    );
    const errors = rejected.slice(0, 100).map((index) => {
      return { index, field: "x", code: "unknown_subscription", error: "None such." };
    });
    if (errors.length && !partial) return refusal(400, "unknown_subscription", { errors });
    const tally = { inserted: 0, updated: 0, unchanged: 0 };
    const good = events.filter((_event, index) => !rejected.includes(index));
    for (const event of good) tally[this.#put(event)] += 1;
    const told = { rejected: rejected.length, rejected_indexes: rejected, errors };
    return answer(200, { status: "ok", accepted: good.length, ...tally, ...(partial && told) });
  }

  #put(event) {
    const name = event.subscription_external_id ?? event.subscription_id;
    const key = JSON.stringify([name, event.metric_code, event.idempotency_key ?? Math.random()]);
    const known = this.counters.get(key);
    this.counters.set(key, event);
    if (!known) return "inserted";
    return JSON.stringify(known) === JSON.stringify(event) ? "unchanged" : "updated";
  }
}
