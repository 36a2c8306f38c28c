/** Which library instruments: OpenTelemetry's instrumentation scope. */
import { cutText } from './attribute-value.ts'

/** Longest name and longest version, in characters. */
const MAX_SCOPE_CHARS = 256

export interface Scope {
  readonly name: string
  readonly version?: string
}

/** Of whatever a library passes: types do not bind a caller in JavaScript. */
export function toScope(name: string, version: string | undefined): Scope {
  const text = (value: unknown): string => cutText(value, MAX_SCOPE_CHARS)
  return { name: text(name), ...(version !== undefined && { version: text(version) }) }
}

/** Things by scope, made when they are first asked for; beyond a number of them, the module's own serves. */
export class ByScope<T> {
  readonly #own: T
  readonly #make: (scope: Scope) => T
  readonly #max: number
  readonly #all = new Map<string, T>()

  constructor(own: Scope, max: number, make: (scope: Scope) => T) {
    this.#make = make
    this.#max = max
    this.#own = this.#add(own)
  }

  get own(): T {
    return this.#own
  }

  of(name: string, version: string | undefined): T {
    if (typeof name !== 'string' || name === '') return this.#own
    const scope = toScope(name, version)
    const known = this.#all.get(idOf(scope))
    if (known !== undefined) return known
    return this.#all.size < this.#max ? this.#add(scope) : this.#own
  }

  all(): readonly T[] {
    return [...this.#all.values()]
  }

  #add(scope: Scope): T {
    const made = this.#make(scope)
    this.#all.set(idOf(scope), made)
    return made
  }
}

function idOf({ name, version }: Scope): string {
  return JSON.stringify([name, version])
}
