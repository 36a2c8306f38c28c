/** Attributes of one span, event, link or log record, up to a count and a record's budget; the rest is counted. */
import type { Attribute, Attributes, AttributeValue } from '../wire/otlp/attributes.ts'
import { cutText, MAX_KEY_CHARS, toAttributeValue, UNREADABLE, type RecordBudget } from './attribute-value.ts'

/** On every span and log record: which run of the module it is of. The SDK writes it, whatever a module says. */
export const SESSION_ID = 'session.id'
/** Most attributes of a span, an event, a link or a log record: OpenTelemetry's default. */
export const MAX_ATTRIBUTES = 128

export class BoundedAttributes {
  readonly #budget: RecordBudget
  readonly #reserved: string
  readonly #list: { readonly key: string; value: AttributeValue }[] = []
  #dropped = 0

  /** @param reserved a name that is not the module's to say */
  constructor(budget: RecordBudget, attributes?: object, reserved = '') {
    this.#budget = budget
    this.#reserved = reserved
    if (attributes !== undefined) this.setAll(attributes)
  }

  get dropped(): number {
    return this.#dropped
  }

  /** There are few: to look at them all is quicker than to hash one. */
  set(name: string, value: unknown): void {
    const key = cutText(name, MAX_KEY_CHARS)
    if (key === '' || key === this.#reserved || value === undefined) return
    const list = this.#list
    let i = 0
    while (i < list.length && (list[i] as Attribute).key !== key) i++
    if (i >= MAX_ATTRIBUTES) {
      this.#dropped++
      return
    }
    const converted = toAttributeValue(value, this.#budget)
    if (converted === undefined) this.#dropped++
    else if (i === list.length) list.push({ key: this.#budget.text(key), value: converted })
    else (list[i] as { value: AttributeValue }).value = converted
  }

  /** Unless it was set. */
  setMissing(key: string, value: unknown): void {
    if (!this.#list.some((attribute) => attribute.key === key)) this.set(key, value)
  }

  /** All that it tells: a getter that throws costs only itself. */
  setAll(attributes: object): void {
    try {
      // Over the keys of a plain object a loop makes no list of them, and need not ask whose they are.
      const mayInherit = Object.getPrototypeOf(attributes) !== Object.prototype
      for (const key in attributes) {
        if (mayInherit && !Object.hasOwn(attributes, key)) continue
        let value: unknown
        try {
          value = (attributes as Record<string, unknown>)[key]
        } catch {
          value = UNREADABLE // here, not in a function: only then the loop knows where the value is
        }
        this.set(key, value)
      }
    } catch {
      // A proxy of the module's own that does not tell its keys.
    }
  }

  /** Not to be set any further afterwards. */
  list(): Attributes {
    return this.#list
  }
}

/** Of a span or log record itself. */
export function recordAttributes(budget: RecordBudget, attributes?: object): BoundedAttributes {
  return new BoundedAttributes(budget, attributes, SESSION_ID)
}
