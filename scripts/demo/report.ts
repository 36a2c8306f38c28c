/** The end of the demo, in words for people: what it showed, how to go on with `--keep`, or why it failed. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MeshError } from '../../src/base/errors.ts'
import { formatDurationMs } from '../../src/cli/render/duration.ts'
import { COMMAND } from './device.ts'
import { DemoError } from './demo-error.ts'
import type { Findings } from './facts.ts'

export interface Kept {
  readonly microphone: string
  readonly pids: readonly number[]
  readonly folder: string
}

/** Last lines of each process's stderr that are shown: where the reason of a failure usually stands. */
const TAIL_LINES = 12

export function describeFindings({ before, after, revoked }: Findings, tookMs: number): readonly string[] {
  return [
    '',
    'What this showed',
    `  before consent  the laptop saw ${before.spans} spans, ${before.foreignSpans} of them from other devices`,
    `  with consent    ${after.spans} spans of ${after.devices} devices, ${after.verified} proven genuine, ${after.stitchMs} ms after the second grant`,
    `  revoked         ${revoked.newForeignSpans} new spans from other devices`,
    '',
    `It took ${formatDurationMs(tookMs)}.`,
  ]
}

export function describeKept({ devices, traceId }: Findings, { microphone, pids, folder }: Kept): readonly string[] {
  const [phone, laptop] = devices
  const on = (home: string | undefined, command: string): string => `  ${COMMAND} --home ${home} ${command}`
  return [
    'The three agents and their modules go on running. Look around:',
    on(laptop?.home, 'traces list'),
    on(laptop?.home, `traces show ${traceId}`),
    on(laptop?.home, 'consent list'),
    on(phone?.home, 'consent grant --to laptop --lanes traces,logs'),
    on(phone?.home, 'audit list'),
    'All homes:',
    ...devices.map(({ home }) => `  ${home}`),
    'Say something to the phone:',
    `  curl -d '{"text": "Can you hear me?"}' ${microphone}`,
    'When you are done:',
    `  kill ${pids.join(' ')}; sleep 3; rm -r ${folder}`,
  ]
}

export function describeFailures(failures: readonly string[]): readonly string[] {
  return ['This did not hold:', ...failures.map((claim) => `  - ${claim}`)]
}

export interface Scene {
  /** The step under way. */
  readonly step: string
  /** Processes that ended before they were told to. */
  readonly ended: readonly string[]
  /** Has the processes' stderr as `*.log`: empty if all is well. */
  readonly folder: string
}

export function describeError(err: unknown, { step, ended, folder }: Scene): readonly string[] {
  const logs = readdirSync(folder).filter((name) => name.endsWith('.log'))
  return [
    '',
    `The demo failed at the step “${step}”:`,
    ...indent(reasonOf(err)),
    ...(err instanceof DemoError ? indent(err.said) : []),
    ...ended.map((title) => `  By then this had ended: ${title}`),
    ...logs.flatMap((name) => {
      const tail = indent(readFileSync(join(folder, name), 'utf8')).slice(-TAIL_LINES)
      return tail.length === 0 ? [] : [`Last words in ${name}:`, ...tail]
    }),
  ]
}

function reasonOf(err: unknown): string {
  if (err instanceof MeshError) return err.message
  return err instanceof Error ? (err.stack ?? err.message) : String(err)
}

function indent(text: string): readonly string[] {
  const lines = text.trimEnd().split('\n')
  return lines.flatMap((line) => (line === '' ? [] : [`  ${line}`]))
}
