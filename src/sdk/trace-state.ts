/** OpenTelemetry's TraceState over our own reading of `tracestate`. Immutable. */
import type { TraceState } from '@opentelemetry/api'
import { formatTracestate, parseTracestate, withMember, withoutMember, type Tracestate } from '../model/tracestate.ts'

export class W3cTraceState implements TraceState {
  readonly members: Tracestate

  constructor(members: Tracestate) {
    this.members = members
  }

  set(key: string, value: string): TraceState {
    return new W3cTraceState(withMember(this.members, { key, value }))
  }

  unset(key: string): TraceState {
    return new W3cTraceState(withoutMember(this.members, key))
  }

  get(key: string): string | undefined {
    return this.members.find((member) => member.key === key)?.value
  }

  serialize(): string {
    return formatTracestate(this.members)
  }
}

/** The members of anybody's TraceState; none if it does not serialize to a valid list. */
export function membersOf(state: TraceState | undefined): Tracestate {
  if (state instanceof W3cTraceState) return state.members
  return (state && parseTracestate([state.serialize()])) ?? []
}
