/** What can go wrong; each error is a `FusionError`. */

/** Anything that this package throws on purpose. */
export class FusionError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/**
 * No answer came, in all attempts: whether the request was carried out is not known. What `fetch`
 * threw is its `cause`.
 */
export class NoAnswerError extends FusionError {}

/** What is wrong with one event of a batch. */
export interface EventError {
  index: number;
  code: string;
  error: string;
  field?: string;
}

/** The API answered that it did not do what was asked. Nothing was changed. */
export class ApiError extends FusionError {
  /** Stable, for programs; `no_json` if the answer is none of the API's. */
  readonly code: string;
  /** The field that is to blame, if one is. */
  readonly field: string | undefined;
  /** Each bad event of a batch, up to 100. */
  readonly events: readonly EventError[];
  /** Stands in the server's log: name it when you ask for help. */
  readonly requestId: string | undefined;

  /**
   * @param status of HTTP
   * @param answer all that the API said
   * @param retryAfter seconds until the same request is welcome again, undefined if not said
   */
  constructor(
    readonly status: number,
    readonly answer: Readonly<Record<string, unknown>>,
    requestId?: string,
    readonly retryAfter?: number,
  ) {
    const code = String(answer["code"] ?? "no_json");
    const id = (answer["request_id"] as string | undefined) ?? requestId;
    super(`${status} ${code}: ${answer["error"]} (request ${id})`);
    this.code = code;
    this.requestId = id;
    this.field = answer["field"] as string | undefined;
    this.events = (answer["errors"] as EventError[] | undefined) ?? [];
  }
}

/** 400: the request is wrong, and will be wrong next time. */
export class BadRequestError extends ApiError {}

/** 400 `unknown_…`: there is no such customer, subscription, plan, metric or product. */
export class UnknownRecordError extends BadRequestError {}

/** 400 `invalid_state`: the subscription does not allow it; the sentence says why. */
export class InvalidStateError extends BadRequestError {}

/** 401: the key is missing, wrong, expired or revoked. */
export class AuthenticationError extends ApiError {}

/** 403: the key is good, and not for this, or not from here. */
export class PermissionDeniedError extends ApiError {}

/** 404: there is no such path or record for this service. */
export class NotFoundError extends ApiError {}

/** 409: the same external id with other content. */
export class ConflictError extends ApiError {}

/** 409 `usage_after_end`: an end or a pause would lose counters that were accepted. */
export class UsageAfterEndError extends ConflictError {
  /** How many. */
  get count(): number {
    return Number(this.answer["count"] ?? 0);
  }
}

/** 413: send several smaller batches. */
export class PayloadTooLargeError extends ApiError {}

/** 429: more than the quota of the service; welcome again after `retryAfter` seconds. */
export class RateLimitError extends ApiError {}

/** 5xx: a mistake of the server, or of what is before it. */
export class ServerError extends ApiError {}

/** 502, 503, 504: the server is away or too busy; the same request is welcome again. */
export class UnavailableError extends ServerError {}

/** 503 `not_ready`, only of `client.ready()`: scheduled work is late. */
export class NotReadyError extends ServerError {}

/** A webhook that is not genuine, or too old: answer it with 401. */
export class WebhookError extends FusionError {}

/** A meter cannot do what was asked of it. */
export class MeterError extends FusionError {}

type Kind = new (...given: ConstructorParameters<typeof ApiError>) => ApiError;

const BY_STATUS: Record<number, Kind> = {
  400: BadRequestError,
  401: AuthenticationError,
  403: PermissionDeniedError,
  404: NotFoundError,
  409: ConflictError,
  413: PayloadTooLargeError,
  429: RateLimitError,
  502: UnavailableError,
  503: UnavailableError,
  504: UnavailableError,
};
const BY_CODE: Record<string, Kind> = {
  unknown_customer: UnknownRecordError,
  unknown_subscription: UnknownRecordError,
  unknown_plan: UnknownRecordError,
  unknown_metric: UnknownRecordError,
  unknown_product: UnknownRecordError,
  invalid_state: InvalidStateError,
  usage_after_end: UsageAfterEndError,
  not_ready: NotReadyError,
};

/** The error that fits an answer: by its code, else by its status. */
export function errorOf(
  status: number,
  answer: Readonly<Record<string, unknown>>,
  requestId?: string,
  retryAfter?: number,
): ApiError {
  const other = status >= 500 ? ServerError : ApiError;
  const kind = BY_CODE[String(answer["code"])] ?? BY_STATUS[status] ?? other;
  return new kind(status, answer, requestId, retryAfter);
}
