/**
 * An export of log lines that is made once and sent many times, like {@link SpanTemplate}: times, trace ids and two words
 * of each line are written anew before each sending. Words come as they do in languages: the k-th most common 1/k as often.
 */
import { encodeLogsData, type LogRecordInput } from '../../src/wire/otlp/encode.ts'
import { fieldOffsets } from './field-offsets.ts'
import { mix, spanIdOf, traceIdOf, writeSpanId, writeTraceId } from './id-plan.ts'
import type { Template } from './span-template.ts'
import { TimeWriter } from './time-writer.ts'

export interface LogPlan {
  readonly seed: number
  readonly linesPerBatch: number
  readonly services: readonly string[]
}

/** Different words in all lines. */
export const WORDS = 50_000
/** Letters of each: all of one length, so that one can take the place of another. */
const WORD_LETTERS = 9
const WORDS_PER_LINE = 2
const SYLLABLES = [
  'ba',
  'ce',
  'di',
  'fo',
  'gu',
  'ka',
  'le',
  'mi',
  'no',
  'pu',
  'ra',
  'se',
  'ti',
  'vo',
  'zu',
  'ya',
] as const
/** Lines that one trace has. */
const LINES_PER_TRACE = 5
/** Between two lines of an export. */
const LINE_NANOS = 40_000
const NEWLINE = 10
const SHAPES = [
  'turn finished in 000 ms, topic',
  'no answer from the model, asking again about',
  'cache miss while looking for',
  'plugin reported a change of',
  'kept 12 memories about',
  'user spoke for 2.4 s, heard',
] as const
const LEVELS = [
  { severityNumber: 9, severityText: 'INFO' },
  { severityNumber: 9, severityText: 'INFO' },
  { severityNumber: 5, severityText: 'DEBUG' },
  { severityNumber: 13, severityText: 'WARN' },
] as const

/** The word with this rank: 0 is the most common. */
export function wordOf(rank: number): string {
  let rest = rank
  let word = 'w'
  for (let i = 0; i < 4; i++, rest = Math.floor(rest / SYLLABLES.length)) word += SYLLABLES[rest % SYLLABLES.length]
  return word
}

/** The rank of a word of a line: density 1/k. */
export function rankOf(seed: number, line: number, slot: number): number {
  const share = mix(line * WORDS_PER_LINE + slot, seed ^ 0x3c6e) / 2 ** 32
  return Math.floor(WORDS ** share) - 1
}

export class LogTemplate implements Template {
  readonly body: Uint8Array
  readonly records: number
  readonly #plan: LogPlan
  readonly #view: DataView
  readonly #times: TimeWriter
  readonly #words: readonly Uint8Array[]
  readonly #timeAt: Uint32Array
  readonly #observedAt: Uint32Array
  readonly #traceIdAt: Uint32Array
  readonly #spanIdAt: Uint32Array
  /** Where the text of each line begins, and how long it is. */
  readonly #textAt: Uint32Array
  readonly #textBytes: readonly number[]
  /** Where the first word of each line begins. */
  readonly #wordAt: Uint32Array

  /** @param words what {@link encodedWords} returned: one list for all templates */
  constructor(plan: LogPlan, variant: number, words: readonly Uint8Array[]) {
    this.#plan = plan
    this.#words = words
    this.body = new Uint8Array(encode(plan, variant))
    this.records = plan.linesPerBatch
    this.#view = new DataView(this.body.buffer)
    this.#times = new TimeWriter(this.#view)
    this.#timeAt = fieldOffsets(this.body, 0x09)
    this.#observedAt = fieldOffsets(this.body, 0x59)
    this.#traceIdAt = fieldOffsets(this.body, 0x4a)
    this.#spanIdAt = fieldOffsets(this.body, 0x52)
    // The value of a body is a tag, a length of one byte and the text.
    this.#textAt = fieldOffsets(this.body, 0x2a).map((at) => at + 2)
    this.#textBytes = Array.from(this.#textAt, (at) => this.body[at - 1] as number)
    this.#wordAt = this.#textAt.map((at, i) => at + shapeOf(variant, i).length + 1)
  }

  become(batch: number, startUnixMs: number): void {
    const { seed, linesPerBatch } = this.#plan
    this.#times.setBase(startUnixMs)
    for (let i = 0; i < linesPerBatch; i++) {
      const line = batch * linesPerBatch + i
      this.#times.write(this.#timeAt[i] as number, i * LINE_NANOS)
      this.#times.write(this.#observedAt[i] as number, i * LINE_NANOS + 1_000)
      writeTraceId(this.#view, this.#traceIdAt[i] as number, seed, Math.floor(line / LINES_PER_TRACE))
      writeSpanId(this.#view, this.#spanIdAt[i] as number, seed, line)
      for (let slot = 0; slot < WORDS_PER_LINE; slot++) {
        const word = this.#words[rankOf(seed, line, slot)] as Uint8Array
        this.body.set(word, (this.#wordAt[i] as number) + slot * (WORD_LETTERS + 1))
      }
    }
  }

  /** The texts of its lines as a log file has them. */
  toLines(): Uint8Array {
    const texts = Array.from(this.#textAt, (at, i) => this.body.subarray(at, at + (this.#textBytes[i] as number)))
    const lines = new Uint8Array(texts.reduce((sum, text) => sum + text.length + 1, 0)).fill(NEWLINE)
    let at = 0
    for (const text of texts) {
      lines.set(text, at)
      at += text.length + 1
    }
    return lines
  }
}

export function encodedWords(): readonly Uint8Array[] {
  return Array.from({ length: WORDS }, (_, rank) => new Uint8Array(Buffer.from(wordOf(rank))))
}

function shapeOf(variant: number, i: number): string {
  return SHAPES[mix(variant * 65_536 + i, 11) % SHAPES.length] as string
}

function encode({ seed, linesPerBatch, services }: LogPlan, variant: number): Uint8Array {
  const logRecords = Array.from({ length: linesPerBatch }, (_, i): LogRecordInput => {
    const random = mix(variant * 65_536 + i, 12)
    return {
      timeUnixNano: 1n,
      observedUnixNano: 1n,
      ...(LEVELS[random % LEVELS.length] as (typeof LEVELS)[number]),
      body: `${shapeOf(variant, i)} ${wordOf(0)} ${wordOf(0)}`,
      attributes: { 'code.function.name': `handle${random % 40}`, 'thread.name': `worker-${random % 8}` },
      traceId: traceIdOf(seed, 0),
      spanId: spanIdOf(seed, 0),
    }
  })
  return encodeLogsData({
    resource: { attributes: { 'service.name': services[variant % services.length] as string } },
    scope: { name: 'bench', version: '1.0.0' },
    logRecords,
  })
}
