/**
 * What a search asks of one record (docs/spec/search.md): conditions that all have to hold. Made by `read-condition.ts`
 * alone, so that whoever gets one need not check it again.
 */
import type { SpanKindWord, SpanStatusWord } from '../stitched-trace.ts'

export type SearchLane = 'traces' | 'logs'

export interface Condition {
  /** The test must fail: `!=` is what `=` is not, also where there is nothing to compare. */
  readonly not: boolean
  readonly test: Test
}

export type Test =
  | { readonly on: 'attribute'; readonly key: string; readonly value: ValueTest }
  | { readonly on: 'service'; readonly value: TextTest | Exists }
  | { readonly on: 'name'; readonly value: TextTest }
  | { readonly on: 'module'; readonly value: TextTest }
  /** A name, or the first digits of an id. */
  | { readonly on: 'device'; readonly device: string }
  | { readonly on: 'kind'; readonly kind: SpanKindWord }
  | { readonly on: 'status'; readonly status: SpanStatusWord }
  | { readonly on: 'duration'; readonly order: Order | '='; readonly nanos: bigint }
  /** OpenTelemetry's numbers, both ends included, within 1..24. */
  | { readonly on: 'severity'; readonly from: number; readonly to: number }
  /** These words behind each other, or a part of the text. */
  | { readonly on: 'text'; readonly value: { readonly is: 'words'; readonly words: readonly string[] } | Contains }
  /** The id's first digits, or those behind 16 zeros; all 32 of them; none for any trace. */
  | { readonly on: 'trace'; readonly digits: string }

export type Order = '<' | '<=' | '>' | '>='
export interface Exists {
  readonly is: 'exists'
}
/** In any case of letters; `part` is in lower case. */
export interface Contains {
  readonly is: 'contains'
  readonly part: string
}
export type TextTest = { readonly is: 'equal'; readonly text: string } | Contains
export type ValueTest =
  | Exists
  | Contains
  | { readonly is: 'equal'; readonly value: Scalar }
  /** A text that begins so, letter for letter. */
  | { readonly is: 'begins'; readonly text: string }
  | { readonly is: 'ordered'; readonly order: Order; readonly number: NumberValue }

/** `text` is how it was written: a string that reads exactly so is equal too. */
export type Scalar =
  | { readonly type: 'string'; readonly text: string }
  | { readonly type: 'number'; readonly text: string; readonly number: NumberValue }
  | { readonly type: 'bool'; readonly text: string; readonly value: boolean }

/** Exact where it is whole. */
export type NumberValue = bigint | number

/** Most conditions of one search: one bit each, and more than anybody types. */
export const MAX_CONDITIONS = 16
/** Longest key of an attribute, in UTF-8 bytes. */
export const MAX_KEY_BYTES = 256
/** Longest value, in UTF-8 bytes: longer ones are found by a part of them. */
export const MAX_VALUE_BYTES = 1024
/** Most words of one text. */
export const MAX_TEXT_WORDS = 16
