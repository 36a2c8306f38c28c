/** The end of the demo, in words for people: what it showed, why it failed, or how to go on with `--keep`. */
import { MeshError } from '../../src/base/errors.ts'
import { formatDurationMs } from '../../src/cli/render/duration.ts'
import { COMMAND } from './device.ts'
import { DemoError } from './demo-error.ts'
import type { Findings } from './facts.ts'

export function describeFindings({ before, after, revoked }: Findings, tookMs: number): readonly string[] {
  return [
    '',
    'What this showed',
    `  before consent   the laptop saw ${before.spans} spans, ${before.foreignSpans} of them from other devices`,
    `  with consent     ${after.spans} spans of ${after.devices} devices, ${after.verified} proven genuine, ${after.stitchMs} ms after the second grant`,
    `  revoked          ${revoked.newForeignSpans} new spans from other devices`,
    '',
    `It took ${formatDurationMs(tookMs)}.`,
  ]
}

export function describeKept({ devices, traceId }: Findings, pids: readonly number[], folder: string) {
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
    'When you are done:',
    `  kill ${pids.join(' ')}; rm -r ${folder}`,
  ]
}

export function describeFailures(failures: readonly string[]): readonly string[] {
  return ['This did not hold:', ...failures.map((claim) => `  - ${claim}`)]
}

/** @param step the step under way */
export function describeError(err: unknown, step: string): readonly string[] {
  const reason =
    err instanceof MeshError ? err.message : err instanceof Error ? (err.stack ?? err.message) : String(err)
  const tail = err instanceof DemoError && err.tail !== '' ? ['The last it said:', ...indent(err.tail)] : []
  return [`The demo failed while “${step}”:`, ...indent(reason), ...tail]
}

function indent(text: string): readonly string[] {
  return text.split('\n').map((line) => `  ${line}`)
}
