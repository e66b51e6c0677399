/** The types of what the API takes and answers, taken from its description. */

import type { operations } from "./schema.js";

export type UsageEvent = any;
export type WebhookEvent = { id: string; type: string; timestamp: string; data: Record<string, unknown> };
export type Answer<_O extends keyof operations> = any;
export type Body<_O extends keyof operations> = any;
export type Query<_O extends keyof operations> = any;
