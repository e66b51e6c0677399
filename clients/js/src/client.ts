/** The API, endpoint by endpoint: see docs/api.md for what each takes and answers. */

import { FusionError } from "./errors.js";
import { Transport, objectOf } from "./transport.js";
import type { RequestOptions, Sending, TransportOptions } from "./transport.js";
import type { Answer, Body, Query, UsageEvent } from "./types.js";

type Named = string | number;

/**
 * Calls the API with one service's key.
 *
 * A request that meets no server, or a busy one (429, 502, 503, 504), is sent again with growing and
 * slightly random pauses, and not before the server's `Retry-After`; nothing else is. What is not safe
 * to do twice (a subscription without external id, an event without key) is only sent again where it
 * cannot have been carried out.
 */
export class Client {
  readonly #transport: Transport;

  /**
   * @param url of the server: `https://billing.example`
   * @param key begins with `fbk_`; keep it on servers: whoever has it bills
   */
  constructor(url: string, key: string, options: TransportOptions = {}) {
    this.#transport = new Transport(url, key, options);
  }

  // === THE SERVER === //

  /** Whether the server is there, and its version. */
  health(): Promise<Answer<"health">> {
    return this.#get("/health");
  }

  /**
   * Whether scheduled work is done in time. Scope `operations`.
   *
   * @throws NotReadyError: it is not; `answer` says what is late
   */
  ready(): Promise<Answer<"ready">> {
    return this.#get("/ready");
  }

  /** The company's figures, as Prometheus reads them. Scope `operations`. */
  metricsText(): Promise<string> {
    return this.#transport.call("GET", "/metrics");
  }

  // === CUSTOMERS === //

  /**
   * Register a customer under your own id; again, it is found.
   *
   * @throws ConflictError: it is registered with other details
   */
  registerCustomer(customer: Body<"register_customer">): Promise<Answer<"register_customer">> {
    return this.#post("/customers", customer);
  }

  customer(externalId: string): Promise<Answer<"customer">> {
    return this.#get(`/customers/${encodeURIComponent(externalId)}`);
  }

  customers() {
    return this.#pages("/customers", "customers");
  }

  // === SUBSCRIPTIONS === //

  /**
   * Create a subscription; with the same `external_id` again, it is found.
   *
   * @throws ConflictError: the external id is known with other content
   */
  createSubscription(subscription: Body<"create_subscription">): Promise<Answer<"create_subscription">> {
    return this.#post("/subscriptions", subscription, {
      repeatable: subscription.external_id != null,
    });
  }

  subscription(id: Named) {
    return this.#get(subscriptionPath(id));
  }

  subscriptions() {
    return this.#pages("/subscriptions", "subscriptions");
  }

  /**
   * Pause from a day on, from tomorrow if not given.
   *
   * @throws UsageAfterEndError: accepted counters would be lost
   */
  pauseSubscription(id: Named, change: Body<"pause"> = {}) {
    return this.#post(subscriptionPath(id, "/pause"), change);
  }

  /** Go on from a day on, from today if not given. */
  resumeSubscription(id: Named, change: Body<"resume"> = {}) {
    return this.#post(subscriptionPath(id, "/resume"), change);
  }

  /**
   * End it when a day begins, tomorrow if not given.
   *
   * @throws UsageAfterEndError: accepted counters would be lost
   */
  cancelSubscription(id: Named, change: Body<"cancel"> = {}) {
    return this.#post(subscriptionPath(id, "/cancel"), change);
  }

  /** Have another plan take over on a day. */
  changePlan(id: Named, change: Body<"change_plan">) {
    return this.#post(subscriptionPath(id, "/change_plan"), change);
  }

  /** What usage comes to in the billing period with the day `period`; the open one if not given. */
  periodUsage(id: Named, query: Query<"period_usage"> = {}) {
    return this.#get(subscriptionPath(id, "/usage"), query);
  }

  /** The documents that would be made on the day `at`; at the end of the open period if not given. */
  upcomingInvoice(id: Named, query: Query<"upcoming_invoice"> = {}) {
    return this.#get(subscriptionPath(id, "/upcoming_invoice"), query);
  }

  // === USAGE === //

  /**
   * Push one batch of up to 5,000 counters, all or nothing; `Meter` does it for you.
   *
   * @throws BadRequestError: nothing was stored; its `events` say what is wrong with which
   */
  pushUsage(events: readonly UsageEvent[], options: RequestOptions = {}): Promise<Answer<"push_usage">> {
    const repeatable = events.every((event) => event.idempotency_key);
    return this.#post("/usage", { events }, { repeatable, ...options });
  }

  /** The stored counters that begin in a span of time; `to` is not included. */
  usage(query: Query<"list_usage"> = {}) {
    return this.#pages("/usage", "usage", query);
  }

  // === PRICES === //

  /** Plans, metrics and charges that are sold today. */
  catalog(): Promise<Answer<"catalog">> {
    return this.#get("/catalog");
  }

  /** How the counters of each metric combine, by its code; a `Meter` wants to know. */
  async aggregations(): Promise<Record<string, string>> {
    const { metrics } = await this.catalog();
    return Object.fromEntries(metrics.map((one: any) => [one.metric_code, one.aggregation]));
  }

  /** What quantities would cost in one full period; nothing is stored. */
  estimate(estimate: Body<"estimate">): Promise<Answer<"estimate">> {
    return this.#post("/estimate", estimate);
  }

  // === RECONCILIATION === //

  /** Hold your own totals against what is billed; the same again is compared again. */
  reconcile(totals: Body<"reconcile">): Promise<Answer<"reconcile">> {
    return this.#post("/reconciliation", totals);
  }

  /** Its rows, all or those of one `result`: matched, different, …, or mismatch. */
  reconciliationRows(id: number, query: Query<"reconciliation"> = {}) {
    return this.#pages(`/reconciliation/${id}`, "rows", query);
  }

  reconciliations() {
    return this.#pages("/reconciliation", "reconciliations");
  }

  // === WEBHOOKS === //

  /** What became of your events, the oldest first. */
  deliveries(query: Query<"deliveries"> = {}) {
    return this.#pages("/webhooks/deliveries", "deliveries", query);
  }

  /** Have one event sent again. */
  resend(eventId: string) {
    return this.#post(`/webhooks/deliveries/${encodeURIComponent(eventId)}/retry`, {});
  }

  /**
   * Have all events sent again that failed since a time (`failed_since`), or all of a span of time
   * (`from`, `to`).
   *
   * @returns how many
   */
  async resendAll(span: Body<"retry_deliveries">): Promise<number> {
    let queued = 0;
    for (let cursor; cursor !== null; ) {
      const answer = await this.#post("/webhooks/deliveries/retry", { ...span, cursor });
      queued += answer.queued;
      cursor = answer.next_cursor;
    }
    return queued;
  }

  /** Have `endpoint.test` sent to your endpoint. */
  sendTestEvent() {
    return this.#post("/webhooks/test", {}, { repeatable: false });
  }

  // === REQUESTS === //

  async #get(path: string, query?: object): Promise<any> {
    return read(await this.#transport.call("GET", path, { query: { ...query } }));
  }

  async #post(path: string, body: unknown, sending: Sending = {}): Promise<any> {
    return read(await this.#transport.call("POST", path, { ...sending, body }));
  }

  /** The records of a list, page after page as they are needed. */
  async *#pages(path: string, name: string, query?: object): AsyncGenerator<any, void, undefined> {
    for (let cursor; cursor !== null; ) {
      const answer = await this.#get(path, { limit: 500, ...query, cursor });
      yield* answer[name];
      cursor = answer.next_cursor;
    }
  }
}

function subscriptionPath(id: Named, rest = ""): string {
  return `/subscriptions/${encodeURIComponent(id)}${rest}`;
}

function read(text: string): Record<string, unknown> {
  const answer = objectOf(text);
  if (answer?.["status"] !== "ok") {
    throw new FusionError("The answer is none of the API's: is this its address?");
  }
  return answer;
}
