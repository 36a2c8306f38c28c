import { describe, expect, test } from 'vitest'
import { LANES, type Lane } from '../../../src/model/lane.ts'
import { STAGES, type Stage } from '../../../src/model/stage.ts'
import { planStageChange } from '../../../src/policy/stage-change.ts'
import {
  decideAdmission,
  decideEndpoint,
  decideExit,
  decideExport,
  decideMetricView,
  decideView,
  ENDPOINTS,
  EXITS,
  VIEWS,
  type Endpoint,
  type Exit,
  type RecordKind,
  type View,
} from '../../../src/policy/stage-gate.ts'

/** `yes` or the code, for casual, pro and developer. */
type Answers = readonly [string, string, string]
const NEVER_BELOW = {
  casual: ['yes', 'yes', 'yes'],
  pro: ['no', 'yes', 'yes'],
  developer: ['no', 'no', 'yes'],
} as const satisfies Record<Stage, Answers>

const admissions: { name: string; record: RecordKind; answers: Answers }[] = [
  ...(['bus', 'agent'] as const).flatMap((origin) => [
    {
      name: `[STG1] an error log of the ${origin} is kept at every stage`,
      record: { lane: 'logs', origin, severityNumber: 17 } as const,
      answers: ['yes', 'yes', 'yes'] as const,
    },
    {
      name: `[STG1] a fatal log of the ${origin} is kept at every stage`,
      record: { lane: 'logs', origin, severityNumber: 24 } as const,
      answers: ['yes', 'yes', 'yes'] as const,
    },
    {
      name: `[STG1] a warning of the ${origin} needs pro`,
      record: { lane: 'logs', origin, severityNumber: 16 } as const,
      answers: ['STAGE_SEVERITY', 'yes', 'yes'] as const,
    },
    {
      name: `[STG1] a log of the ${origin} that gives no severity needs pro`,
      record: { lane: 'logs', origin, severityNumber: undefined } as const,
      answers: ['STAGE_SEVERITY', 'yes', 'yes'] as const,
    },
    {
      name: `[STG1] a log of the ${origin} above all severities needs pro`,
      record: { lane: 'logs', origin, severityNumber: 25 } as const,
      answers: ['STAGE_SEVERITY', 'yes', 'yes'] as const,
    },
    {
      name: `[STG1] a log of the ${origin} of no real severity needs pro`,
      record: { lane: 'logs', origin, severityNumber: Number.NaN } as const,
      answers: ['STAGE_SEVERITY', 'yes', 'yes'] as const,
    },
    {
      name: `[STG2] a trace of the ${origin} needs developer`,
      record: { lane: 'traces', origin } as const,
      answers: ['STAGE_LANE', 'STAGE_LANE', 'yes'] as const,
    },
    {
      name: `[STG1] audit of the ${origin} is kept at every stage`,
      record: { lane: 'audit', origin } as const,
      answers: ['yes', 'yes', 'yes'] as const,
    },
    {
      name: `[STG2] a document of the ${origin} needs pro`,
      record: { lane: 'documents', origin } as const,
      answers: ['STAGE_LANE', 'yes', 'yes'] as const,
    },
  ]),
  {
    name: '[STG1] an essential event of the agent is kept at every stage',
    record: { lane: 'logs', origin: 'agent', severityNumber: 9, isEssential: true },
    answers: ['yes', 'yes', 'yes'],
  },
  {
    name: '[STG1] a module cannot call its own event essential',
    record: { lane: 'logs', origin: 'bus', severityNumber: 9, isEssential: true },
    answers: ['STAGE_SEVERITY', 'yes', 'yes'],
  },
  {
    name: '[STG2] a severity makes no trace an error',
    record: { lane: 'traces', origin: 'bus', severityNumber: 24 },
    answers: ['STAGE_LANE', 'STAGE_LANE', 'yes'],
  },
  {
    name: '[STG2] metrics of the device and the process need pro',
    record: { lane: 'metrics', origin: 'agent' },
    answers: ['STAGE_LANE', 'yes', 'yes'],
  },
  {
    name: '[STG2] metrics of a module need developer',
    record: { lane: 'metrics', origin: 'bus' },
    answers: ['STAGE_LANE', 'STAGE_LANE', 'yes'],
  },
  ...[
    ['process.memory.usage', 'yes'],
    ['nodejs.eventloop.delay.p99', 'yes'],
    ['v8js.memory.heap.used', 'yes'],
    ['jvm.memory.used', 'yes'],
    ['cpython.gc.collections', 'yes'],
    ['system.cpu.time', 'STAGE_LANE'],
    ['process', 'STAGE_LANE'],
    ['processed.words', 'STAGE_LANE'],
    ['.process.cpu.time', 'STAGE_LANE'],
    ['Process.cpu.time', 'STAGE_LANE'],
    ['aico.process.words', 'STAGE_LANE'],
    ['', 'STAGE_LANE'],
  ].map(([name = '', atPro = '']) => ({
    name: `[STG2] of a module at pro, ${name === '' ? 'a metric without a name' : name}: ${atPro}`,
    record: { lane: 'metrics', origin: 'bus', name } as const,
    answers: ['STAGE_LANE', atPro, 'yes'] as const,
  })),
  ...LANES.flatMap((lane) => [
    {
      name: `[STG3] ${lane} over OTLP need developer, errors too`,
      record: { lane, origin: 'otlp', severityNumber: 21 } as const,
      answers: ['STAGE_ORIGIN', 'STAGE_ORIGIN', 'yes'] as const,
    },
    {
      name: `[STG3] ${lane} of a peer need pro, errors too`,
      record: { lane, origin: 'peer', severityNumber: 21 } as const,
      answers: ['STAGE_ORIGIN', 'yes', 'yes'] as const,
    },
  ]),
]

const views: Record<View, Stage> = {
  status: 'casual',
  notifications: 'casual',
  errors: 'casual',
  audit: 'casual',
  devices: 'casual',
  consent: 'casual',
  logs: 'pro',
  'host-metrics': 'pro',
  health: 'pro',
  documents: 'pro',
  traces: 'developer',
  metrics: 'developer',
  activity: 'developer',
}
const endpoints: Record<Endpoint, Stage> = {
  socket: 'casual',
  bus: 'casual',
  dashboard: 'pro',
  mesh: 'pro',
  pairing: 'pro',
  otlp: 'developer',
  'query-api': 'developer',
}
const exits: Record<Exit, Stage> = { share: 'pro', carry: 'pro', capsule: 'pro', analytics: 'pro', export: 'pro' }
const exports: Record<Lane, Stage> = {
  traces: 'developer',
  logs: 'pro',
  metrics: 'developer',
  audit: 'pro',
  documents: 'pro',
}

const answersTo = (ask: (stage: Stage) => { allow: boolean }): string[] =>
  STAGES.map((stage) => (ask(stage).allow ? 'yes' : 'no'))

describe('stage gates', () => {
  test.each(admissions)('$name', ({ record, answers }) => {
    const given = STAGES.map((stage) => {
      const admission = decideAdmission(stage, record)
      return admission.admit ? 'yes' : admission.code
    })
    expect(given).toEqual(answers)
  })

  test.each(VIEWS)('[STG4] %s is shown from its stage on', (view) => {
    expect(answersTo((stage) => decideView(stage, view))).toEqual(NEVER_BELOW[views[view]])
  })
  test.each(ENDPOINTS)('[STG5] %s listens from its stage on', (endpoint) => {
    expect(answersTo((stage) => decideEndpoint(stage, endpoint))).toEqual(NEVER_BELOW[endpoints[endpoint]])
  })
  test.each(EXITS)('[STG5] nothing leaves by %s below its stage', (exit) => {
    expect(answersTo((stage) => decideExit(stage, exit))).toEqual(NEVER_BELOW[exits[exit]])
  })
  test.each(LANES)('[STG8] %s are exported where they are shown, and where exports are', (lane) => {
    expect(answersTo((stage) => decideExport(stage, lane))).toEqual(NEVER_BELOW[exports[lane]])
  })
  test('[STG4] a refusal says which stage it needs', () => {
    expect(decideView('casual', 'traces')).toEqual({ allow: false, code: 'STAGE_TOO_LOW', needs: 'developer' })
  })
  test('[STG2] a higher stage never keeps less', () => {
    for (const { answers } of admissions) {
      const first = answers.indexOf('yes')
      expect(answers.slice(first).every((answer) => answer === 'yes')).toBe(true)
    }
  })
})

describe('planStageChange', () => {
  const moves = STAGES.flatMap((from) => STAGES.map((to) => [from, to] as const))
  const flags: Record<string, string> = {
    'pro casual': 'revoke rotate close',
    'developer casual': 'revoke rotate close otlp',
    'developer pro': 'otlp',
  }
  test.each(moves)('[STG6] from %s to %s', (from, to) => {
    const plan = planStageChange(from, to)
    const steps = { revoke: plan.revokeAllGrants, rotate: plan.rotateKeys, close: plan.closeMesh, otlp: plan.stopOtlp }
    const taken = Object.entries(steps).flatMap(([step, isTaken]) => (isTaken ? [step] : []))
    expect(taken.join(' ')).toBe(flags[`${from} ${to}`] ?? '')
    expect(plan.opens.length > 0).toBe(planStageChange(to, from).closes.length > 0)
    expect(plan.opens.length > 0).toBe(STAGES.indexOf(to) > STAGES.indexOf(from))
    expect(plan.kept !== '').toBe(STAGES.indexOf(to) < STAGES.indexOf(from))
  })

  test('[STG7] two steps say the same as one after the other', () => {
    const [whole, first, second] = [
      planStageChange('casual', 'developer'),
      planStageChange('casual', 'pro'),
      planStageChange('pro', 'developer'),
    ]
    expect(whole.opens).toEqual([...first.opens, ...second.opens])
  })

  test('[STG7] what ends is said as an end, not as what used to be', () => {
    const { closes } = planStageChange('developer', 'casual')
    expect(closes.length).toBeGreaterThan(0)
    for (const sentence of closes) expect(sentence).toMatch(/no longer|any more/)
  })

  test('[STG7] going down to casual says what cannot be recalled', () => {
    expect(planStageChange('pro', 'casual').kept).toContain('cannot be recalled')
    expect(planStageChange('developer', 'pro').kept).not.toContain('cannot be recalled')
  })
})

test.each([
  { module: 'agent', name: 'system.cpu.time', from: 'pro' },
  { module: 'core', name: 'process.cpu.time', from: 'pro' },
  { module: 'core', name: 'words', from: 'developer' },
  { module: 'otlp/agent', name: 'words', from: 'developer' },
] as const)('[STG4] $name of $module is shown from $from on', ({ module, name, from }) => {
  const shown = STAGES.filter((stage) => decideMetricView(stage, { module, name }).allow)
  expect(shown).toEqual(STAGES.slice(STAGES.indexOf(from)))
})
