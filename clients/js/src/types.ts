/** The types of what the API takes and answers, made of its description. */

import type { operations } from "./schema.js";

type Told = `on_${string}`;

/** The name of an endpoint, as the API's description calls it. */
export type Endpoint = Exclude<keyof operations, Told>;

type Content<T> = T extends { content: infer Media } ? Media[keyof Media] : never;
type Responses<E extends Endpoint> = operations[E]["responses"];

/** What an endpoint answers; of lines of JSON, one line. */
export type Answer<E extends Endpoint> = Content<Responses<E>[keyof Responses<E>]>;

/** What an endpoint takes in its body. */
export type Body<E extends keyof operations> = Content<NonNullable<operations[E]["requestBody"]>>;

/** What an endpoint takes in its query. */
export type Query<E extends Endpoint> = NonNullable<operations[E]["parameters"]["query"]>;

/** One record of a list. */
export type Item<
  E extends Endpoint,
  Name extends keyof Answer<E>,
> = Answer<E>[Name] extends readonly (infer Record)[] ? Record : never;

/** A counter, as it is pushed. */
export type UsageEvent = Body<"push_usage">["events"][number];

/** A counter, as CloudEvents have it. */
export type CloudEvent = Exclude<Body<"push_events">, readonly unknown[]>;

/** What a webhook tells: its `type` says which `data` it has. */
export type WebhookEvent = Body<Extract<keyof operations, Told>>;
