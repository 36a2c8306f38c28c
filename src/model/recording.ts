/**
 * What a module records, as its owner set it: a least level of log records and a ratio of traces, for everything or for topics
 * that begin with a prefix. Pure. Rules: docs/spec/recording.md.
 */

/** Least levels there are, the least severe first. None is above `error`: errors are always kept. */
export const RECORDING_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const
export type RecordingLevel = (typeof RECORDING_LEVELS)[number]

/** OpenTelemetry's severity number from which on a level takes records. */
export const LEVEL_SEVERITY: Readonly<Record<RecordingLevel, number>> = {
  trace: 1,
  debug: 5,
  info: 9,
  warn: 13,
  error: 17,
}

/** Most rules of a module: all of them fit a frame, and each record may be compared with all of them. */
export const MAX_RECORDING_RULES = 32
/** Attribute of log records and spans: the topic they are about (docs/spec/conventions.md). */
export const TOPIC_ATTRIBUTE = 'aico.topic'

export interface RecordingRule {
  /** How the topic begins; empty for everything, also what has no topic. */
  readonly topic: string
  readonly level?: RecordingLevel
  /** Part of the traces that begin here and are kept, from 0 to 1. */
  readonly sample?: number
}

/** The rule of the longest prefix that says something of `what`; one that says nothing of it leaves that to shorter ones. */
export function ruleOf(
  rules: readonly RecordingRule[],
  topic: string | undefined,
  what: 'level' | 'sample',
): RecordingRule | undefined {
  let best: RecordingRule | undefined
  for (const rule of rules) {
    if (rule[what] === undefined || !(topic ?? '').startsWith(rule.topic)) continue
    if (best === undefined || rule.topic.length > best.topic.length) best = rule
  }
  return best
}

export function isRecordingLevel(value: unknown): value is RecordingLevel {
  return RECORDING_LEVELS.includes(value as RecordingLevel)
}

export function isSampleRatio(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1
}
