/** Rules of what a module records, as the agent's `recording` frame has them (docs/spec/bus.md BU16). Hostile until read: one wrong rule spoils them. */
import { isRecordingLevel, isSampleRatio, MAX_RECORDING_RULES, type RecordingRule } from '../model/recording.ts'
import { isTopicPrefix } from './bus-envelope.ts'

/** @returns undefined for what breaks a rule */
export function readRecordingRules(value: unknown): readonly RecordingRule[] | undefined {
  if (!Array.isArray(value) || value.length > MAX_RECORDING_RULES) return undefined
  const rules = value.map(readRule).filter((rule) => rule !== undefined)
  const topics = new Set(rules.map(({ topic }) => topic))
  return topics.size === value.length ? rules : undefined
}

function readRule(value: unknown): RecordingRule | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { topic, level, sample } = value as Partial<Record<keyof RecordingRule, unknown>>
  if (!isTopicPrefix(topic)) return undefined
  if (level !== undefined && !isRecordingLevel(level)) return undefined
  if (sample !== undefined && !isSampleRatio(sample)) return undefined
  return { topic, ...(level !== undefined && { level }), ...(sample !== undefined && { sample }) }
}
