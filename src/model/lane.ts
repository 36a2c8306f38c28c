/** Lanes: the kinds of record that consent is given for. The order is the wire number; never reorder, only append. */
export const LANES = ['traces', 'logs', 'metrics', 'audit', 'documents'] as const
export type Lane = (typeof LANES)[number]

/** Lanes that arrive as OTLP signals. */
export const SIGNALS = ['traces', 'logs', 'metrics'] as const satisfies readonly Lane[]
export type Signal = (typeof SIGNALS)[number]

/** Lanes whose records lie in segments. The audit log has a file of its own. */
export const STORED_LANES = [...SIGNALS, 'documents'] as const satisfies readonly Lane[]
export type StoredLane = (typeof STORED_LANES)[number]

/** The one part that exists: every attribute of a record. Sensitive groups can get their own key later. */
export const BASE_PART = 'base'

export function isLane(value: unknown): value is Lane {
  return LANES.includes(value as Lane)
}

/** Longest module name, in UTF-8 bytes: names travel in key hand-overs and stand in every list. */
export const MAX_MODULE_NAME_BYTES = 128
/** Names of OTLP sources a lane keeps; the rest are counted under {@link OTLP_OTHER}, since nothing authenticates them. */
export const MAX_OTLP_SOURCES_PER_LANE = 64
export const OTLP_PREFIX = 'otlp/'
export const OTLP_OTHER = 'otlp/other'
/** A bus module's name: what its credential says. Lowercase words, so it is safe in paths, addresses and lists. */
export const MODULE_NAME = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/
/** The agent's own name among modules, as a source of messages and of records. No module may have it. */
export const AGENT_MODULE = 'agent'
