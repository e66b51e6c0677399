/** Fusion Billing for apps: call the API, count usage and lose none, receive webhooks. */

export { Client } from "./client.js";
export type { Named, PushOptions, Records } from "./client.js";
export type { Aggregation, Dimensions, KeyedEvent } from "./counters.js";
export type { Quantity } from "./decimals.js";
export {
  ApiError,
  AuthenticationError,
  BadRequestError,
  ConflictError,
  FusionError,
  InvalidStateError,
  MeterError,
  NoAnswerError,
  NotFoundError,
  NotReadyError,
  PayloadTooLargeError,
  PermissionDeniedError,
  RateLimitError,
  ServerError,
  UnavailableError,
  UnknownRecordError,
  UsageAfterEndError,
  WebhookError,
} from "./errors.js";
export type { EventError } from "./errors.js";
export { Meter } from "./meter.js";
export type { MeterOptions, RecordOptions, Stats } from "./meter.js";
export type { Refused, Spool } from "./store.js";
export type { RequestOptions, TransportOptions } from "./transport.js";
export type {
  Answer,
  Body,
  CloudEvent,
  Endpoint,
  Query,
  UsageEvent,
  WebhookEvent,
} from "./types.js";
export type { components } from "./schema.js";
export { Deduplicator, verifyWebhook } from "./webhooks.js";
export type { ReceivedHeaders, VerifyOptions } from "./webhooks.js";
