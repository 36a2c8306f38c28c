/**
 * A real agent at half of what it can take, for as long as told, while somebody looks around: what it holds in memory must
 * not grow, its threads must not be held up, nothing may queue up, and every acknowledged span must be there in the end, or
 * have been dropped for want of room, and counted.
 */
import { withDevices, type Device } from '../../bench/support/device.ts'
import { judgeSoak } from './judge-soak.ts'
import type { ProofOptions, ProofResult } from './proof.ts'
import { soakDevice } from './soak-device.ts'

export const what =
  'At half of what it can take, with queries all the time, an agent keeps its memory, is never held up for 100 ms, queues nothing, and keeps every acknowledged span that there is room for.'
/** Seconds of load. */
export const cases = 1_200

export interface SoakOptions extends ProofOptions {
  /** See {@link judgeSoak}. Default true. */
  readonly strict?: boolean
}

export async function run(options: SoakOptions): Promise<ProofResult> {
  const soaked = await withDevices({ soak: 'developer' }, ([device]) => soakDevice(device as Device, options))
  return { cases: options.cases, ...judgeSoak(soaked, options.strict ?? true) }
}
