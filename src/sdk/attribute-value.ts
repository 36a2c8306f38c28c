/**
 * Turns whatever a module passes as an attribute into a bounded OTLP value, without ever throwing:
 * a getter that throws or a circle must not hurt the module that only wanted to log.
 */
import type { AttributeValue } from '../wire/otlp/attributes.ts'

/** Longest text of one value, in characters: a long stack trace fits. */
export const MAX_VALUE_CHARS = 16_384
/** Most items of one array or object. */
export const MAX_VALUE_ITEMS = 128
/** Deepest nesting below an attribute. */
export const MAX_VALUE_DEPTH = 5
/** Longest attribute name, in characters. */
export const MAX_KEY_CHARS = 256
/** Most text of one record in all, in characters: at three bytes each it still fits a segment. */
export const MAX_RECORD_CHARS = 262_144
/** Most values of one record in all, nested ones included. */
export const MAX_RECORD_VALUES = 8192

const CUT = '[cut]'
/** Stands for what threw when it was read. */
export const UNREADABLE = '[unreadable]'
const MAX_INT64 = (1n << 63n) - 1n

/** What one record may still hold. Shared by all its attributes, events and links. */
export class RecordBudget {
  #chars: number
  #values = MAX_RECORD_VALUES

  constructor(chars = MAX_RECORD_CHARS) {
    this.#chars = chars
  }

  /** The text as far as it fits. Takes anything: types do not bind a caller in JavaScript. */
  text(text: unknown, limit = MAX_VALUE_CHARS): string {
    // Nearly always.
    if (typeof text === 'string' && text.length <= limit && text.length <= this.#chars) {
      this.#chars -= text.length
      return text
    }
    const taken = cutText(text, Math.min(limit, this.#chars))
    this.#chars -= taken.length
    return taken
  }

  bytes(bytes: Uint8Array): Uint8Array {
    const taken = bytes.slice(0, Math.min(MAX_VALUE_CHARS, this.#chars))
    this.#chars -= taken.length
    return taken
  }

  /** @returns false once there were too many values. */
  value(): boolean {
    return this.#values-- > 0 && this.#chars > 0
  }
}

/** @returns `undefined` for what has no value: undefined, functions, symbols; and when the budget is used up. */
export function toAttributeValue(value: unknown, budget: RecordBudget, depth = 0): AttributeValue | undefined {
  if (!budget.value()) return undefined
  if (typeof value === 'string') return budget.text(value)
  if (typeof value === 'number' || typeof value === 'boolean') return value
  try {
    return convert(value, budget, depth)
  } catch {
    return UNREADABLE // a getter or proxy of the module's own threw
  }
}

/** Never cuts a surrogate pair in two: half of one is no Unicode text. */
export function cutText(value: unknown, limit: number): string {
  const text = typeof value === 'string' ? value : textOf(value)
  if (text.length <= limit) return text
  const isPairCut = /[\ud800-\udbff]/.test(text.charAt(limit - 1))
  return text.slice(0, isPairCut ? limit - 1 : limit)
}

/** String(), of whatever a module passes: its own toString may throw, or answer nothing of the kind. */
function textOf(value: unknown): string {
  try {
    return String(value)
  } catch {
    return UNREADABLE
  }
}

function convert(value: unknown, budget: RecordBudget, depth: number): AttributeValue | undefined {
  switch (typeof value) {
    case 'bigint':
      return value > MAX_INT64 || value < -MAX_INT64 - 1n ? budget.text(value.toString()) : value
    case 'object':
      return value === null ? null : convertObject(value, budget, depth)
    default:
      return undefined
  }
}

function convertObject(value: object, budget: RecordBudget, depth: number): AttributeValue {
  if (value instanceof Uint8Array) return budget.bytes(value)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (depth >= MAX_VALUE_DEPTH) return CUT
  if (Array.isArray(value)) return convertItems(value, budget, depth)
  if (value instanceof Set) return convertItems([...value], budget, depth)
  if (value instanceof Error) return convertEntries(errorToObject(value), budget, depth)
  return convertEntries(value instanceof Map ? Object.fromEntries(value) : value, budget, depth)
}

function convertItems(items: readonly unknown[], budget: RecordBudget, depth: number): readonly AttributeValue[] {
  // An item without a value stays as an empty one: positions must not shift.
  return items.slice(0, MAX_VALUE_ITEMS).map((item) => toAttributeValue(item, budget, depth + 1) ?? null)
}

function convertEntries(object: object, budget: RecordBudget, depth: number): AttributeValue {
  const entries = Object.keys(object)
    .slice(0, MAX_VALUE_ITEMS)
    .flatMap((key) => {
      const value = toAttributeValue(readProperty(object, key), budget, depth + 1)
      return value === undefined ? [] : [{ key: budget.text(key, MAX_KEY_CHARS), value }]
    })
  return { entries }
}

function errorToObject(error: Error): object {
  return { ...readAll(error), ...describeError(error) }
}

/** Names of its properties; none of what has none, or does not tell them. */
export function keysOf(object: object): readonly string[] {
  try {
    return Object.keys(object)
  } catch {
    return []
  }
}

/** A copy of all that can be read of it. */
export function readAll(object: object): Record<string, unknown> {
  return Object.fromEntries(keysOf(object).map((key) => [key, readProperty(object, key)]))
}

/** `instanceof`, of whatever a module passes: a proxy of its own may throw at being asked. */
export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error
  } catch {
    return false
  }
}

/** One property; a getter that throws costs only itself. */
export function readProperty(object: object, key: string): unknown {
  try {
    return (object as Record<string, unknown>)[key]
  } catch {
    return UNREADABLE
  }
}

/** OpenTelemetry's attributes of an error (semantic conventions, exceptions). */
export function exceptionAttributes({ type, message, stack }: ErrorDescription): Readonly<Record<string, string>> {
  const attributes = { 'exception.type': type, 'exception.message': message }
  return stack === '' ? attributes : { ...attributes, 'exception.stacktrace': stack }
}

export interface ErrorDescription {
  readonly type: string
  readonly message: string
  /** Empty if there is none. */
  readonly stack: string
}

/** What everybody wants to know of an error: its code or class, its message, its stack. Anything can be thrown. */
export function describeError(error: unknown): ErrorDescription {
  if (typeof error !== 'object' || error === null) return { type: typeof error, message: textOf(error), stack: '' }
  const text = (key: string): string | undefined => {
    const value = readProperty(error, key)
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
  }
  return { type: text('code') ?? text('name') ?? 'Error', message: text('message') ?? '', stack: text('stack') ?? '' }
}
