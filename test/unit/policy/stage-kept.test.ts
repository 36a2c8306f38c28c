import { expect, test } from 'vitest'
import { partCollectedAt } from '../../../src/policy/stage-kept.ts'

test.each([
  { name: 'traces go below developer', stage: 'pro', lane: 'traces', module: 'core', own: true, part: 'none' },
  { name: 'traces stay at developer', stage: 'developer', lane: 'traces', module: 'core', own: true, part: 'all' },
  { name: 'logs stay at pro', stage: 'pro', lane: 'logs', module: 'core', own: true, part: 'all' },
  {
    name: 'of logs the errors stay at casual',
    stage: 'casual',
    lane: 'logs',
    module: 'core',
    own: true,
    part: 'errors',
  },
  { name: 'errors over OTLP stay too', stage: 'casual', lane: 'logs', module: 'otlp/shop', own: true, part: 'errors' },
  { name: 'a module of metrics goes at pro', stage: 'pro', lane: 'metrics', module: 'core', own: true, part: 'none' },
  {
    name: "the agent's own metrics stay at pro",
    stage: 'pro',
    lane: 'metrics',
    module: 'agent',
    own: true,
    part: 'all',
  },
  { name: 'and go at casual', stage: 'casual', lane: 'metrics', module: 'agent', own: true, part: 'none' },
  { name: 'records of others stay at pro', stage: 'pro', lane: 'traces', module: 'core', own: false, part: 'all' },
  { name: 'and go at casual, errors too', stage: 'casual', lane: 'logs', module: 'core', own: false, part: 'none' },
] as const)('[STG9] $name', ({ stage, lane, module, own, part }) => {
  expect(partCollectedAt(stage, { lane, module, own })).toBe(part)
})
