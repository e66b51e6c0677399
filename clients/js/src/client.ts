/** The API, endpoint by endpoint: see docs/api.md for what each takes and answers. */

import type { Aggregation } from "./counters.js";
import { FusionError } from "./errors.js";
import { Transport, objectOf } from "./transport.js";
import type { RequestOptions, Sending, TransportOptions } from "./transport.js";
import type { Answer, Body, CloudEvent, Endpoint, Item, Query, UsageEvent } from "./types.js";

/** A subscription: your own id of it, or, as a number, that of Odoo. */
export type Named = string | number;

export interface PushOptions extends RequestOptions {
  /** Store the good ones, and tell of the others. */
  partial?: boolean;
}

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

  /** Where the API's description and its reference are. */
  index() {
    return this.#get<"index">("/");
  }

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
   * Register a customer under your own id; again, it is found, and changed details are taken over.
   * `kept` of the answer names those that the contact has otherwise, and keeps.
   */
  registerCustomer(customer: Body<"register_customer">) {
    return this.#send<"register_customer">("POST", "/customers", customer);
  }

  /** Change details of a customer; the answer says which are `kept`. */
  updateCustomer(externalId: string, details: Body<"update_customer">) {
    return this.#send<"update_customer">("PATCH", customerPath(externalId), details);
  }

  customer(externalId: string) {
    return this.#get<"retrieve_customer">(customerPath(externalId));
  }

  /** How a customer pays, and what is overdue, with the page that pays it. */
  customerCollection(externalId: string) {
    return this.#get<"customer_collection">(`${customerPath(externalId)}/collection`);
  }

  customers(query: Query<"list_customers"> = {}) {
    return this.#pages<"list_customers", "customers">("/customers", "customers", query);
  }

  // === SUBSCRIPTIONS === //

  /**
   * Create a subscription; with the same `external_id` again, it is found.
   *
   * @throws ConflictError: the external id is known with other content
   */
  createSubscription(subscription: Body<"create_subscription">) {
    const once = subscription.external_id == null;
    return this.#send<"create_subscription">("POST", "/subscriptions", subscription, { once });
  }

  /** One subscription. Here as everywhere, a text is your own id of it, a number that of Odoo. */
  subscription(subscription: Named) {
    return this.#get<"retrieve_subscription">(pathOf(subscription));
  }

  /** All of them, or those that are all of what the query says. */
  subscriptions(query: Query<"list_subscriptions"> = {}) {
    const path = "/subscriptions";
    return this.#pages<"list_subscriptions", "subscriptions">(path, "subscriptions", query);
  }

  /**
   * Pause from a day on, from tomorrow if not given.
   *
   * @throws UsageAfterEndError: accepted counters would be lost
   */
  pauseSubscription(subscription: Named, change: Body<"pause_subscription"> = {}) {
    return this.#send<"pause_subscription">("POST", pathOf(subscription, "/pause"), change);
  }

  /** Go on from a day on, from today if not given. */
  resumeSubscription(subscription: Named, change: Body<"resume_subscription"> = {}) {
    return this.#send<"resume_subscription">("POST", pathOf(subscription, "/resume"), change);
  }

  /**
   * End it when a day begins, tomorrow if not given.
   *
   * @throws UsageAfterEndError: accepted counters would be lost
   */
  cancelSubscription(subscription: Named, change: Body<"cancel_subscription"> = {}) {
    return this.#send<"cancel_subscription">("POST", pathOf(subscription, "/cancel"), change);
  }

  /** Have another plan take over on a day; if not given, now and for good. */
  changePlan(subscription: Named, change: Body<"change_plan">) {
    return this.#send<"change_plan">("POST", pathOf(subscription, "/change_plan"), change);
  }

  /** What usage comes to in the billing period with the day `period`; the open one if not given. */
  periodUsage(subscription: Named, query: Query<"period_usage"> = {}) {
    return this.#get<"period_usage">(pathOf(subscription, "/usage"), query);
  }

  /** The documents that would be made on the day `at`; at the end of the open period if not given. */
  upcomingInvoice(subscription: Named, query: Query<"upcoming_invoice"> = {}) {
    return this.#get<"upcoming_invoice">(pathOf(subscription, "/upcoming_invoice"), query);
  }

  // === ITEMS AND CHANGES === //

  /** The recurring fees of a subscription, with their days. */
  items(subscription: Named) {
    return this.#get<"list_items">(pathOf(subscription, "/items"));
  }

  /**
   * Add a product that recurs; with `preview` only say what it would come to.
   *
   * @throws ConflictError: there is an item of this product already, with other terms
   */
  addItem(subscription: Named, item: Body<"add_item">) {
    return this.#send<"add_item">("POST", pathOf(subscription, "/items"), item);
  }

  /** Let an item have another quantity from a day on; 0 ends it. */
  changeItem(subscription: Named, itemId: number, change: Body<"change_item">) {
    return this.#send<"change_item">("PATCH", pathOf(subscription, `/items/${itemId}`), change);
  }

  /** What is planned for a subscription, by day. */
  changes(subscription: Named) {
    return this.#get<"list_changes">(pathOf(subscription, "/changes"));
  }

  /**
   * Take back what is planned; the answer says what is planned then.
   *
   * @throws InvalidStateError: it has begun
   */
  takeBackChange(subscription: Named, changeId: string) {
    const path = pathOf(subscription, `/changes/${encodeURIComponent(changeId)}`);
    return this.#send<"take_back_change">("DELETE", path, {});
  }

  // === USAGE === //

  /**
   * Push one batch of up to 5,000 counters, all or nothing; `Meter` does it for you. With `partial`
   * the good ones are stored: `rejected_indexes` and `errors` of the answer tell of the others.
   *
   * @throws BadRequestError: nothing was stored; its `events` say what is wrong with which
   */
  pushUsage(events: readonly UsageEvent[], { partial, ...options }: PushOptions = {}) {
    const once = !events.every((event) => event.idempotency_key);
    const sending = { once, query: { partial }, ...options };
    return this.#send<"push_usage">("POST", "/usage", { events }, sending);
  }

  /** Push one batch of up to 5,000 CloudEvents, each with all its attributes. */
  pushEvents(events: readonly CloudEvent[], { partial, ...options }: PushOptions = {}) {
    return this.#send<"push_events">("POST", "/events", events, { query: { partial }, ...options });
  }

  /** The stored counters that begin in a span of time; `to` is not included. */
  usage(query: Query<"list_usage"> = {}) {
    return this.#pages<"list_usage", "usage">("/usage", "usage", query);
  }

  /** Delete a counter, by its id or by subscription, metric and key. */
  deleteUsage(counter: Body<"delete_usage">) {
    return this.#send<"delete_usage">("DELETE", "/usage", counter);
  }

  /**
   * What was stored, changed or `deleted`, until a moment ago, in that order.
   *
   * @param query with the `cursor` of the last one that you have: it goes on after that
   */
  async *exportUsage(
    query: Query<"export_usage"> = {},
  ): AsyncGenerator<Answer<"export_usage">, void, undefined> {
    for (let cursor = query.cursor; ;) {
      const page = await this.#transport.call("GET", "/usage/export", {
        query: { ...query, cursor },
      });
      const lines = page.split("\n").filter((line) => line);
      if (!lines.length) return;
      for (const line of lines) {
        const change = known(objectOf(line)) as Answer<"export_usage">;
        yield change;
        cursor = change.cursor;
      }
    }
  }

  // === INVOICES AND THE LEDGER === //

  /** Invoices and credit notes with their lines, drafts too. */
  invoices(query: Query<"list_invoices"> = {}) {
    return this.#pages<"list_invoices", "invoices">("/invoices", "invoices", query);
  }

  invoice(id: number) {
    return this.#get<"retrieve_invoice">(`/invoices/${id}`);
  }

  /**
   * The PDF, as the customer gets it.
   *
   * @throws InvalidStateError: the document is a draft, or cancelled
   */
  invoicePdf(id: number): Promise<Uint8Array> {
    return this.#transport.bytes("GET", `/invoices/${id}.pdf`);
  }

  /** What is owed, row by row; with `due` only where something is due. */
  ledger(query: Query<"list_ledger"> = {}) {
    return this.#pages<"list_ledger", "rows">("/ledger", "rows", query);
  }

  // === PRICES === //

  /** What is sold, with fees and charges of today. */
  plans(query: Query<"list_plans"> = {}) {
    return this.#pages<"list_plans", "plans">("/plans", "plans", query);
  }

  plan(code: string) {
    return this.#get<"retrieve_plan">(`/plans/${encodeURIComponent(code)}`);
  }

  metric(code: string) {
    return this.#get<"retrieve_metric">(`/metrics/${encodeURIComponent(code)}`);
  }

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
    return this.#send<"estimate">("POST", "/estimate", estimate);
  }

  // === RECONCILIATION === //

  /** Hold your own totals against what is billed; the same again is compared again. */
  reconcile(totals: Body<"reconcile">) {
    return this.#send<"reconcile">("POST", "/reconciliation", totals);
  }

  /** Its rows, all or those of one `result`: matched, different, …, or mismatch. */
  reconciliationRows(id: number, query: Query<"retrieve_reconciliation"> = {}) {
    return this.#pages<"retrieve_reconciliation", "rows">(`/reconciliation/${id}`, "rows", query);
  }

  reconciliations(query: Query<"list_reconciliations"> = {}) {
    const path = "/reconciliation";
    return this.#pages<"list_reconciliations", "reconciliations">(path, "reconciliations", query);
  }

  // === WEBHOOKS === //

  /** Where your events are sent, and how that goes. */
  endpoint() {
    return this.#get<"retrieve_endpoint">("/webhooks/endpoint");
  }

  /** Move your endpoint, or turn events on or off; what is not given stays. */
  changeEndpoint(change: Body<"change_endpoint">) {
    return this.#send<"change_endpoint">("PATCH", "/webhooks/endpoint", change);
  }

  /** Make the secret that signs from now on; keep `secret`, it is told nowhere else. */
  rotateSecret(overlap: Body<"rotate_secret"> = {}) {
    return this.#send<"rotate_secret">("POST", "/webhooks/secret", overlap, { once: true });
  }

  /** One event, with its content and every attempt. */
  delivery(eventId: string) {
    return this.#get<"retrieve_delivery">(`/webhooks/deliveries/${encodeURIComponent(eventId)}`);
  }

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
    return this.#send<"retry_delivery">(
      "POST",
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
      const answer = await this.#send<"replay_deliveries">(
        "POST",
        "/webhooks/deliveries/retry",
        body,
      );
      queued += answer.queued;
      cursor = answer.next_cursor;
    } while (cursor);
    return queued;
  }

  /** Have `endpoint.test` sent to your endpoint. */
  sendTestEvent() {
    return this.#send<"test_endpoint">("POST", "/webhooks/test", {}, { once: true });
  }

  // === KEYS === //

  /** The keys of your service; `is_asking` is true of the one that this client has. */
  keys(query: Query<"list_keys"> = {}) {
    return this.#pages<"list_keys", "keys">("/keys", "keys", query);
  }

  /**
   * Replace the key of this client; keep `key`, it is told nowhere else. This client goes on with the
   * old one until the overlap is over: make another. Scope `keys:write`.
   */
  rotateKey(overlap: Body<"rotate_key"> = {}) {
    return this.#send<"rotate_key">("POST", "/keys/rotate", overlap);
  }

  /** Have another key refused from now on. Scope `keys:write`. */
  revokeKey(id: number) {
    return this.#send<"revoke_key">("DELETE", `/keys/${id}`, {});
  }

  // === THE SANDBOX === //

  /** What time it is in the sandbox that the key is of. */
  sandboxClock() {
    return this.#get<"sandbox_clock">("/sandbox/clock");
  }

  /**
   * Let it be a later time in the sandbox: all that is due until then is done on the way, in several
   * requests if it is a long one.
   *
   * @returns the last answer, with the `documents` and `events` of all
   */
  async advanceClock(time: Body<"advance_clock">): Promise<Answer<"advance_clock">> {
    for (let documents = 0, events = 0; ;) {
      const answer = await this.#send<"advance_clock">("POST", "/sandbox/clock", time);
      documents += answer.documents;
      events += answer.events;
      if (answer.reached) return { ...answer, documents, events };
    }
  }

  /** Remove what was tried out in the sandbox; its prices, keys and endpoint stay. */
  resetSandbox() {
    return this.#send<"reset_sandbox">("POST", "/sandbox/reset", {});
  }

  // === REQUESTS === //

  async #get<E extends Endpoint>(path: string, query: object = {}): Promise<Answer<E>> {
    return read<E>(await this.#transport.call("GET", path, { query: { ...query } }));
  }

  async #send<E extends Endpoint>(
    verb: string,
    path: string,
    body: unknown,
    sending: Sending = {},
  ): Promise<Answer<E>> {
    return read<E>(await this.#transport.call(verb, path, { ...sending, body }));
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

function customerPath(externalId: string): string {
  return `/customers/${encodeURIComponent(externalId)}`;
}

function pathOf(subscription: Named, rest = ""): string {
  const isNumber = typeof subscription === "number";
  const name = isNumber ? subscription : `external:${encodeURIComponent(subscription)}`;
  return `/subscriptions/${name}${rest}`;
}

function read<E extends Endpoint>(text: string): Answer<E> {
  const answer = objectOf(text);
  return known(answer?.["status"] === "ok" ? answer : undefined) as Answer<E>;
}

function known<T>(answer: T | undefined): T {
  if (answer) return answer;
  throw new FusionError("The answer is none of the API's: is this its address?");
}
