/** How a person's word changes what a module records. Pure; which rule counts where: model/recording.ts, docs/spec/recording.md. */
import { MAX_RECORDING_RULES, type RecordingRule } from '../model/recording.ts'

/**
 * The rule of a topic takes what is given and keeps the rest.
 * @returns undefined if there are as many rules as there may be
 */
export function setRule(
  rules: readonly RecordingRule[],
  { topic, level, sample }: RecordingRule,
): readonly RecordingRule[] | undefined {
  const before = rules.find((rule) => rule.topic === topic)
  if (before === undefined && rules.length >= MAX_RECORDING_RULES) return undefined
  const rule = { ...before, topic, ...(level !== undefined && { level }), ...(sample !== undefined && { sample }) }
  return [...withoutRule(rules, topic), rule].sort((a, b) => (a.topic < b.topic ? -1 : 1))
}

/** @param topic undefined for all of them */
export function withoutRule(rules: readonly RecordingRule[], topic: string | undefined): readonly RecordingRule[] {
  return topic === undefined ? [] : rules.filter((rule) => rule.topic !== topic)
}

/** For the audit log: what holds of a topic, or of all of them. */
export function ruleWords(rules: readonly RecordingRule[], topic: string | undefined): string {
  if (topic === undefined && rules.length > 0) return rules.length === 1 ? 'one rule' : `${rules.length} rules`
  const { level, sample } = rules.find((rule) => rule.topic === topic) ?? {}
  const words = [level && `level ${level}`, sample !== undefined && `sample ${sample}`].filter((word) => word)
  return words.length === 0 ? 'no rule' : words.join(', ')
}
