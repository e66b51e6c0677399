/** The types of what the API takes and answers, made of its description. */

import type { operations } from "./schema.js";

/** The name of an endpoint, as the API's description calls it. */
export type Endpoint = keyof operations;

type Json<T> = T extends { content: { "application/json": infer Content } } ? Content : never;
type Responses<E extends Endpoint> = operations[E]["responses"];

/** What an endpoint answers. */
export type Answer<E extends Endpoint> = Json<Responses<E>[keyof Responses<E>]>;

/** What an endpoint takes in its body. */
export type Body<E extends Endpoint> = Json<NonNullable<operations[E]["requestBody"]>>;

/** What an endpoint takes in its query. */
export type Query<E extends Endpoint> = NonNullable<operations[E]["parameters"]["query"]>;

/** One record of a list. */
export type Item<
  E extends Endpoint,
  Name extends keyof Answer<E>,
> = Answer<E>[Name] extends readonly (infer Record)[] ? Record : never;

/** A counter, as it is pushed. */
export type UsageEvent = Body<"push_usage">["events"][number];

/** What a webhook tells; docs/webhooks.md says what the `data` of each `type` is. */
export interface WebhookEvent {
  id: string;
  type: string;
  timestamp: string;
  api_version: string;
  data: Record<string, unknown>;
}
