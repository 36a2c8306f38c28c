/** Attributes of one span, event, link or log record, up to a count and a record's budget; the rest is counted. */
import type { Attributes, AttributeValue } from '../wire/otlp/attributes.ts'
import { cutText, MAX_KEY_CHARS, readProperty, toAttributeValue, type RecordBudget } from './attribute-value.ts'

/** Most attributes of a span, an event, a link or a log record: OpenTelemetry's default. */
export const MAX_ATTRIBUTES = 128

export class BoundedAttributes {
  readonly #budget: RecordBudget
  readonly #values = new Map<string, AttributeValue>()
  #dropped = 0

  constructor(budget: RecordBudget, attributes: object = {}) {
    this.#budget = budget
    this.setAll(attributes)
  }

  get dropped(): number {
    return this.#dropped
  }

  set(name: string, value: unknown): void {
    const key = cutText(name, MAX_KEY_CHARS)
    if (key === '' || value === undefined) return
    if (this.#values.size >= MAX_ATTRIBUTES && !this.#values.has(key)) {
      this.#dropped++
      return
    }
    const converted = toAttributeValue(value, this.#budget)
    if (converted === undefined) this.#dropped++
    else this.#values.set(this.#budget.text(key), converted)
  }

  setAll(attributes: object): void {
    for (const key of Object.keys(attributes)) this.set(key, readProperty(attributes, key))
  }

  list(): Attributes {
    return Array.from(this.#values, ([key, value]) => ({ key, value }))
  }
}
