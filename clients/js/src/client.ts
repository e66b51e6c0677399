/** The API, endpoint by endpoint: see docs/api.md for what each takes and answers. */

import type { Aggregation } from "./counters.js";
import { FusionError } from "./errors.js";
import { Transport, objectOf } from "./transport.js";
import type { RequestOptions, Sending, TransportOptions } from "./transport.js";
import type { Answer, Body, Endpoint, Item, Query, UsageEvent } from "./types.js";

/** The records of a list, page after page as they are needed. */
export type Records<E extends Endpoint, Name extends keyof Answer<E>> = AsyncGenerator<
  Item<E, Name>,
  void,
  undefined
>;

/**
 * Calls the API with one service's key.
 *
 * A request that meets no server, or a busy one (429, 502, 503, 504), is sent again with growing and
 * slightly random pauses, and not before the server's `Retry-After`; nothing else is. What would
 * be done twice (a subscription without external id, an event without key) is sent with an
 * `Idempotency-Key`, which has the server do it once.
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
  health() {
    return this.#get<"health">("/health");
  }

  /** The API, described as OpenAPI 3.1. */
  async openapi(): Promise<Record<string, unknown>> {
    return known(objectOf(await this.#transport.call("GET", "/openapi.json")));
  }

  /**
   * Whether scheduled work is done in time. Scope `operations`.
   *
   * @throws NotReadyError: it is not; `answer` says what is late
   */
  ready() {
    return this.#get<"ready">("/ready");
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
  registerCustomer(customer: Body<"register_customer">) {
    return this.#post<"register_customer">("/customers", customer);
  }

  customer(externalId: string) {
    return this.#get<"retrieve_customer">(`/customers/${encodeURIComponent(externalId)}`);
  }

  customers() {
    return this.#pages<"list_customers", "customers">("/customers", "customers");
  }

  // === SUBSCRIPTIONS === //

  /**
   * Create a subscription; with the same `external_id` again, it is found.
   *
   * @throws ConflictError: the external id is known with other content
   */
  createSubscription(subscription: Body<"create_subscription">) {
    return this.#post<"create_subscription">("/subscriptions", subscription, {
      once: subscription.external_id == null,
    });
  }

  subscription(id: number) {
    return this.#get<"retrieve_subscription">(`/subscriptions/${id}`);
  }

  subscriptions() {
    return this.#pages<"list_subscriptions", "subscriptions">("/subscriptions", "subscriptions");
  }

  /**
   * Pause from a day on, from tomorrow if not given.
   *
   * @throws UsageAfterEndError: accepted counters would be lost
   */
  pauseSubscription(id: number, change: Body<"pause_subscription"> = {}) {
    return this.#post<"pause_subscription">(`/subscriptions/${id}/pause`, change);
  }

  /** Go on from a day on, from today if not given. */
  resumeSubscription(id: number, change: Body<"resume_subscription"> = {}) {
    return this.#post<"resume_subscription">(`/subscriptions/${id}/resume`, change);
  }

  /**
   * End it when a day begins, tomorrow if not given.
   *
   * @throws UsageAfterEndError: accepted counters would be lost
   */
  cancelSubscription(id: number, change: Body<"cancel_subscription"> = {}) {
    return this.#post<"cancel_subscription">(`/subscriptions/${id}/cancel`, change);
  }

  /** Have another plan take over on a day. */
  changePlan(id: number, change: Body<"change_plan">) {
    return this.#post<"change_plan">(`/subscriptions/${id}/change_plan`, change);
  }

  /** What usage comes to in the billing period with the day `period`; the open one if not given. */
  periodUsage(id: number, query: Query<"period_usage"> = {}) {
    return this.#get<"period_usage">(`/subscriptions/${id}/usage`, query);
  }

  /** The documents that would be made on the day `at`; at the end of the open period if not given. */
  upcomingInvoice(id: number, query: Query<"upcoming_invoice"> = {}) {
    return this.#get<"upcoming_invoice">(`/subscriptions/${id}/upcoming_invoice`, query);
  }

  // === USAGE === //

  /**
   * Push one batch of up to 5,000 counters, all or nothing; `Meter` does it for you.
   *
   * @throws BadRequestError: nothing was stored; its `events` say what is wrong with which
   */
  pushUsage(events: readonly UsageEvent[], options: RequestOptions = {}) {
    const once = !events.every((event) => event.idempotency_key);
    return this.#post<"push_usage">("/usage", { events }, { once, ...options });
  }

  /** The stored counters that begin in a span of time; `to` is not included. */
  usage(query: Query<"list_usage"> = {}) {
    return this.#pages<"list_usage", "usage">("/usage", "usage", query);
  }

  // === PRICES === //

  /** Plans, metrics and charges that are sold today. */
  catalog() {
    return this.#get<"catalog">("/catalog");
  }

  /** How the counters of each metric combine, by its code; a `Meter` wants to know. */
  async aggregations(): Promise<Record<string, Aggregation>> {
    const { metrics } = await this.catalog();
    return Object.fromEntries(metrics.map((one) => [one.metric_code, one.aggregation]));
  }

  /** What quantities would cost in one full period; nothing is stored. */
  estimate(estimate: Body<"estimate">) {
    return this.#post<"estimate">("/estimate", estimate);
  }

  // === RECONCILIATION === //

  /** Hold your own totals against what is billed; the same again is compared again. */
  reconcile(totals: Body<"reconcile">) {
    return this.#post<"reconcile">("/reconciliation", totals);
  }

  /** Its rows, all or those of one `result`: matched, different, …, or mismatch. */
  reconciliationRows(id: number, query: Query<"retrieve_reconciliation"> = {}) {
    return this.#pages<"retrieve_reconciliation", "rows">(`/reconciliation/${id}`, "rows", query);
  }

  reconciliations() {
    return this.#pages<"list_reconciliations", "reconciliations">(
      "/reconciliation",
      "reconciliations",
    );
  }

  // === WEBHOOKS === //

  /** What became of your events, the oldest first. */
  deliveries(query: Query<"list_deliveries"> = {}) {
    return this.#pages<"list_deliveries", "deliveries">(
      "/webhooks/deliveries",
      "deliveries",
      query,
    );
  }

  /** Have one event sent again. */
  resend(eventId: string) {
    return this.#post<"retry_delivery">(
      `/webhooks/deliveries/${encodeURIComponent(eventId)}/retry`,
      {},
    );
  }

  /**
   * Have all events sent again that failed since a time (`failed_since`), or all of a span of time
   * (`from`, `to`).
   *
   * @returns how many
   */
  async resendAll(span: Body<"replay_deliveries">): Promise<number> {
    let queued = 0;
    let cursor: string | null | undefined;
    do {
      const body = { ...span, cursor };
      const answer = await this.#post<"replay_deliveries">("/webhooks/deliveries/retry", body);
      queued += answer.queued;
      cursor = answer.next_cursor;
    } while (cursor);
    return queued;
  }

  /** Have `endpoint.test` sent to your endpoint. */
  sendTestEvent() {
    return this.#post<"test_endpoint">("/webhooks/test", {}, { once: true });
  }

  // === REQUESTS === //

  async #get<E extends Endpoint>(path: string, query: object = {}): Promise<Answer<E>> {
    return read<E>(await this.#transport.call("GET", path, { query: { ...query } }));
  }

  async #post<E extends Endpoint>(
    path: string,
    body: unknown,
    sending: Sending = {},
  ): Promise<Answer<E>> {
    return read<E>(await this.#transport.call("POST", path, { ...sending, body }));
  }

  async *#pages<E extends Endpoint, Name extends keyof Answer<E>>(
    path: string,
    name: Name,
    query: object = {},
  ): Records<E, Name> {
    let cursor: string | null | undefined;
    do {
      const answer = await this.#get<E>(path, { limit: 500, ...query, cursor });
      yield* answer[name] as Item<E, Name>[];
      cursor = (answer as { next_cursor: string | null }).next_cursor;
    } while (cursor);
  }
}

function read<E extends Endpoint>(text: string): Answer<E> {
  const answer = objectOf(text);
  return known(answer?.["status"] === "ok" ? answer : undefined) as Answer<E>;
}

function known<T>(answer: T | undefined): T {
  if (answer) return answer;
  throw new FusionError("The answer is none of the API's: is this its address?");
}
