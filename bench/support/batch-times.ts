/** When the records of exports begin that were made for a time long past. */
import type { LogPlan } from './log-template.ts'
import type { SpanPlan } from './span-template.ts'

/** Those of export `n` begin `n * stepMs` after `startUnixMs`, but for exports that hold the same traces: they begin together. */
export interface BatchTimes {
  readonly startUnixMs: number
  readonly stepMs: number
}

export function beginOf(batch: number, plan: SpanPlan | LogPlan, { startUnixMs, stepMs }: BatchTimes): number {
  const together = 'servicesPerTrace' in plan ? plan.servicesPerTrace : 1
  return startUnixMs + (batch - (batch % together)) * stepMs
}
