/** OpenTelemetry's words for the numbers of `Span.SpanKind`, `Status.StatusCode` and `SeverityNumber` (trace.proto, logs.proto). */
import type { SpanKindWord, SpanStatusWord } from './stitched-trace.ts'

export const SPAN_KIND_WORDS: readonly SpanKindWord[] = [
  'internal',
  'internal',
  'server',
  'client',
  'producer',
  'consumer',
]
export const SPAN_STATUS_WORDS: readonly SpanStatusWord[] = ['unset', 'ok', 'error']
const SEVERITIES = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
/** Severity numbers come in steps of four per word, from 1. */
const NUMBERS_PER_SEVERITY = 4

export type SeverityWord = (typeof SEVERITIES)[number] | 'unspecified'

/** Unspecified and unknown numbers read as `internal`, the default that trace.proto names. */
export function spanKindWord(kind: number): SpanKindWord {
  return SPAN_KIND_WORDS[kind] ?? 'internal'
}

/** A number this version does not know reads as `unset`. */
export function spanStatusWord(code: number): SpanStatusWord {
  return SPAN_STATUS_WORDS[code] ?? 'unset'
}

/** A number out of 1..24 reads as `unspecified`. */
export function severityWord(severity: number): SeverityWord {
  return SEVERITIES[Math.floor((severity - 1) / NUMBERS_PER_SEVERITY)] ?? 'unspecified'
}
