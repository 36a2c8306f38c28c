/** The refusal of a stage that is too low, with the stage that it takes. */
import { MeshError } from '../../base/errors.ts'
import type { Stage } from '../../model/stage.ts'
import type { Gate } from '../../policy/stage-gate.ts'

export type StageErrorCode = 'STAGE_TOO_LOW'
export class StageError extends MeshError<StageErrorCode> {}

/** @throws {StageError} `STAGE_TOO_LOW` if a gate says so */
export function requireGate(gate: Gate, stage: Stage): void {
  if (gate.allow) return
  const { needs } = gate
  const message = `this needs the ${needs} stage; this device is at ${stage}: aico-mesh stage ${needs}`
  throw new StageError('STAGE_TOO_LOW', message, { details: { needs, stage } })
}
