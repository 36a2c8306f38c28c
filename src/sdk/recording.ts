/**
 * What is recorded, as the stage collects it, the person set it and the agent told (docs/spec/recording.md); everything until it did. Asked before
 * any other work of a log call and of a trace's first span, so an answer costs next to nothing where there is no rule.
 */
import { context as contextApi } from '@opentelemetry/api'
import { LEVEL_SEVERITY, ruleOf, type RecordingRule } from '../model/recording.ts'
import type { Stage } from '../model/stage.ts'
import { leastCollected } from './collected.ts'
import { rejectionThreshold, isKept } from './trace-ratio.ts'
import { topicOf } from './topic.ts'

/** Of a record that has no severity, and of rules that ask for none. */
const NO_LEVEL = 0

export class Recording {
  #rules: readonly RecordingRule[] = []
  /** Of the stage, above every rule. */
  #floor = NO_LEVEL
  /** Of all topics: nothing below the one is recorded, all from the other on. */
  #lowest = NO_LEVEL
  #highest = NO_LEVEL
  /** Rejection threshold of each ratio that is set. */
  #thresholds: ReadonlyMap<number, string> = new Map()

  /** What the stage does not collect is not made. */
  setStage(stage: Stage): void {
    this.#floor = leastCollected(stage)
  }

  set(rules: readonly RecordingRule[]): void {
    this.#rules = rules
    const leasts = [leastOf(rules, undefined), ...rules.map(({ topic }) => leastOf(rules, topic))]
    this.#lowest = Math.min(...leasts)
    this.#highest = Math.max(...leasts)
    const ratios = rules.flatMap(({ sample }) => sample ?? [])
    this.#thresholds = new Map(ratios.map((ratio) => [ratio, rejectionThreshold(ratio)]))
  }

  /** @param topic of the logger, if it has one: else that of the message being handled counts */
  takesLog(severityNumber: number, topic?: unknown): boolean {
    if (severityNumber < this.#floor) return false
    // One without a severity says nothing of how much it matters: it is kept, as OpenTelemetry's least severity has it.
    if (severityNumber >= this.#highest || severityNumber === NO_LEVEL) return true
    if (severityNumber < this.#lowest) return false
    return severityNumber >= leastOf(this.#rules, typeof topic === 'string' ? topic : topicOf(contextApi.active()))
  }

  /** @param topicOfSpan asked only where a ratio is set */
  takesTrace(traceId: string, topicOfSpan: () => string | undefined): boolean {
    if (this.#thresholds.size === 0) return true
    const ratio = ruleOf(this.#rules, topicOfSpan(), 'sample')?.sample
    const threshold = ratio === undefined ? undefined : this.#thresholds.get(ratio)
    return threshold === undefined || isKept(traceId, threshold)
  }
}

function leastOf(rules: readonly RecordingRule[], topic: string | undefined): number {
  const level = ruleOf(rules, topic, 'level')?.level
  return level === undefined ? NO_LEVEL : LEVEL_SEVERITY[level]
}
