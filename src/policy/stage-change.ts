/**
 * What a change of stage does, in the words a person is shown before it and in the steps the agent takes.
 * Pure, never throws. Rules: docs/spec/stages.md STG6, STG7.
 */
import { STAGES, type Stage } from '../model/stage.ts'

/** What becomes of what was kept above the new stage. */
export type KeptFate = 'keep' | 'delete'

export interface StageChange {
  readonly from: Stage
  readonly to: Stage
  /** One sentence for each thing that starts. */
  readonly opens: readonly string[]
  /** One sentence for each thing that ends. */
  readonly closes: readonly string[]
  /** What becomes of the records that are already kept; empty if nothing changes. */
  readonly kept: string
  readonly revokeAllGrants: boolean
  readonly rotateKeys: boolean
  readonly closeMesh: boolean
  readonly stopOtlp: boolean
}

/** What each stage brings, and what leaving it for the one below ends. */
const BROUGHT_BY: Readonly<Record<Stage, { readonly opens: readonly string[]; readonly closes: readonly string[] }>> = {
  casual: { opens: [], closes: [] },
  pro: {
    opens: [
      'Logs of every severity are kept.',
      'How busy this device, the agent and modules that report it are is measured.',
      'Other devices can be paired; while one is, a network port is open to paired devices.',
      'Paired devices can be allowed to see records.',
    ],
    closes: [
      'Logs other than errors and essential events are no longer kept.',
      'How busy this device, the agent and modules are is no longer measured.',
      'Other devices can no longer be paired, and no network port stays open.',
      'No other device can be allowed to see records any more, and those that were cannot see new ones.',
    ],
  },
  developer: {
    opens: [
      'Traces, every metric and activity streams are kept.',
      'Programs on this device can report over OTLP (loopback only).',
      'Traces through all your devices can be listed and shown.',
    ],
    closes: [
      'Traces, activity streams and the metrics of programs are no longer kept.',
      'Programs on this device can no longer report over OTLP.',
      'Traces can no longer be listed and shown.',
    ],
  },
}
const STILL_KEPT =
  'What was kept stays on this device, encrypted, until its retention ends, unless you have it deleted now.'
const CANNOT_RECALL =
  'Every grant is revoked, keys are changed and the mesh is closed. Devices that cannot be told now stop when the lease ' +
  'of their grant ends. What other devices already received cannot be recalled.'

export function planStageChange(from: Stage, to: Stage): StageChange {
  const [before, after] = [STAGES.indexOf(from), STAGES.indexOf(to)]
  const endsMesh = to === 'casual' && before > after
  return {
    from,
    to,
    opens: stagesBetween(before, after).flatMap((stage) => BROUGHT_BY[stage].opens),
    closes: stagesBetween(after, before).flatMap((stage) => BROUGHT_BY[stage].closes),
    kept: after < before ? [STILL_KEPT, ...(endsMesh ? [CANNOT_RECALL] : [])].join(' ') : '',
    revokeAllGrants: endsMesh,
    rotateKeys: endsMesh,
    closeMesh: endsMesh,
    stopOtlp: from === 'developer' && after < before,
  }
}

/** The stages above the first and up to the second, which may be below it. */
function stagesBetween(below: number, upTo: number): readonly Stage[] {
  return STAGES.slice(below + 1, Math.max(upTo, below) + 1)
}
