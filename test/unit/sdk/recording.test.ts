import { context, ROOT_CONTEXT } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RecordingRule } from '../../../src/model/recording.ts'
import { Recording } from '../../../src/sdk/recording.ts'
import { withTopic } from '../../../src/sdk/topic.ts'

beforeAll(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager()))
afterAll(() => context.disable())

const LOW = `${'0'.repeat(31)}1`
const HIGH = 'f'.repeat(32)
const none: readonly RecordingRule[] = []
const noisy: readonly RecordingRule[] = [
  { topic: '', level: 'warn', sample: 0.5 },
  { topic: 'conversation/', level: 'debug' },
  { topic: 'metrics/', level: 'error', sample: 0 },
]

function recordingBy(rules: readonly RecordingRule[]): Recording {
  const recording = new Recording()
  recording.set(rules)
  return recording
}

test.each([
  { name: 'without rules everything', rules: none, topic: 'a', severity: 1, takes: true },
  { name: 'at the level of everything', rules: noisy, topic: undefined, severity: 13, takes: true },
  { name: 'below it', rules: noisy, topic: undefined, severity: 9, takes: false },
  { name: 'at the level of its topic', rules: noisy, topic: 'conversation/turn', severity: 5, takes: true },
  { name: 'below every level', rules: noisy, topic: 'conversation/turn', severity: 1, takes: false },
  { name: 'under a stricter topic', rules: noisy, topic: 'metrics/cpu', severity: 13, takes: false },
  { name: 'an error, under every rule', rules: noisy, topic: 'metrics/cpu', severity: 17, takes: true },
  { name: 'without a severity', rules: noisy, topic: 'metrics/cpu', severity: 0, takes: true },
  { name: 'where only another topic has a rule', rules: noisy.slice(1), topic: 'a', severity: 1, takes: true },
])('[RD4] [RD8] a log record $name: $takes', ({ rules, topic, severity, takes }) => {
  expect(recordingBy(rules).takesLog(severity, topic)).toBe(takes)
})

test('[RD11] the topic of the message being handled counts where the logger has none', async () => {
  const recording = recordingBy(noisy)
  await context.with(withTopic(ROOT_CONTEXT, 'conversation/turn'), async () => {
    await Promise.resolve()
    expect([recording.takesLog(5), recording.takesLog(5, 'a')]).toEqual([true, false])
  })
  expect(recording.takesLog(5)).toBe(false)
})

test('[RD13] [RD14] a trace is kept by the ratio of its topic, and its topic is asked for only where there is one', () => {
  const recording = recordingBy(noisy)
  const of = (traceId: string, topic?: string) => recording.takesTrace(traceId, () => topic)
  expect([of(LOW), of(HIGH), of(LOW, 'conversation/a'), of(HIGH, 'metrics/a')]).toEqual([false, true, false, false])
  recording.set([{ topic: '', level: 'error' }])
  expect(recording.takesTrace(LOW, () => expect.fail('not asked'))).toBe(true)
})

test('[RD7] what is set counts at once, and in place of what was', () => {
  const recording = recordingBy(noisy)
  recording.set([{ topic: '', level: 'info' }])
  expect([recording.takesLog(9), recording.takesLog(5), recording.takesTrace(LOW, () => 'metrics/a')]).toEqual([
    true,
    false,
    true,
  ])
  recording.set([])
  expect(recording.takesLog(1)).toBe(true)
})

test('[RD5] [STG1] the stage stays above every rule: at casual nothing below an error is made, also what has no severity', () => {
  const recording = new Recording()
  recording.set([{ topic: '', level: 'trace' }])
  const made = () => [0, 9, 16, 17, 24].filter((severity) => recording.takesLog(severity))
  expect(made()).toEqual([0, 9, 16, 17, 24])
  recording.setStage('casual')
  expect(made()).toEqual([17, 24])
  recording.setStage('pro')
  expect(made()).toEqual([0, 9, 16, 17, 24])
})
