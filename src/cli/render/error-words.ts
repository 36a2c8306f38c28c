/** What a group of errors is called, and the state it is in. */
import type { ErrorGroup } from '../../agent/http-types/search.ts'
import type { Style } from './colour.ts'

export function errorTitle({ type, message }: Pick<ErrorGroup, 'type' | 'message'>): string {
  return [type, message].filter((text) => text !== '').join(': ') || '(nothing said)'
}

export function stateWord({ state, regressed }: Pick<ErrorGroup, 'state' | 'regressed'>): string {
  return regressed ? 'came back' : state
}

export function stateStyle({ state, regressed }: Pick<ErrorGroup, 'state' | 'regressed'>): Style {
  if (regressed) return 'red'
  return { open: 'yellow', resolved: 'green', muted: 'dim' }[state] as Style
}
