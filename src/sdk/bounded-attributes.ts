/** Attributes of one span, event, link or log record, up to a count and a record's budget; the rest is counted. */
import type { Attributes, AttributeValue } from '../wire/otlp/attributes.ts'
import { cutText, keysOf, MAX_KEY_CHARS, readProperty, toAttributeValue, type RecordBudget } from './attribute-value.ts'

/** On every span and log record: which run of the module it is of. The SDK writes it, whatever a module says. */
export const SESSION_ID = 'session.id'
/** Most attributes of a span, an event, a link or a log record: OpenTelemetry's default. */
export const MAX_ATTRIBUTES = 128

export class BoundedAttributes {
  readonly #budget: RecordBudget
  readonly #list: { readonly key: string; value: AttributeValue }[] = []
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
    const known = this.#find(key)
    if (known === undefined && this.#list.length >= MAX_ATTRIBUTES) {
      this.#dropped++
      return
    }
    const converted = toAttributeValue(value, this.#budget)
    if (converted === undefined) this.#dropped++
    else if (known === undefined) this.#list.push({ key: this.#budget.text(key), value: converted })
    else known.value = converted
  }

  /** Unless it was set. */
  setMissing(key: string, value: unknown): void {
    if (this.#find(key) === undefined) this.set(key, value)
  }

  setAll(attributes: object): void {
    for (const key of keysOf(attributes)) this.set(key, readProperty(attributes, key))
  }

  /** Not to be set any further afterwards. */
  list(): Attributes {
    return this.#list
  }

  /** There are few: to look at them all is quicker than to hash one. */
  #find(key: string): { value: AttributeValue } | undefined {
    for (const attribute of this.#list) if (attribute.key === key) return attribute
    return undefined
  }
}

/** Of a span or log record itself. */
export class RecordAttributes extends BoundedAttributes {
  override set(name: string, value: unknown): void {
    if (name !== SESSION_ID) super.set(name, value)
  }
}
