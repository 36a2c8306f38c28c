/** `--signal`: traces, logs or metrics. */
import { oneOf } from '../option-values.ts'

export const SIGNALS = ['traces', 'logs', 'metrics'] as const
export type SignalName = (typeof SIGNALS)[number]

export const SIGNAL_OPTION = { type: 'string', value: 'SIGNAL', refuse: oneOf(SIGNALS) } as const

export function signalOf(value: string | boolean | undefined): SignalName | undefined {
  return SIGNALS.find((signal) => signal === value)
}
