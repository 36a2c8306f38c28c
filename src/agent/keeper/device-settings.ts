/** What the encrypted store remembers of the device itself, by name, and what is made of it when it is read. */
import type { Crypto } from '../../base/crypto.ts'
import { MeshError } from '../../base/errors.ts'
import { isStage, type Stage } from '../../model/stage.ts'
import type { KeyStore } from '../key-file.ts'

export type KeeperErrorCode = 'KEYS_STORE_CHANGED'
export class KeeperError extends MeshError<KeeperErrorCode> {}

export const SETTING = {
  name: 'device.name',
  keyStore: 'device.key_store',
  stage: 'stage',
  incarnation: 'log.incarnation',
  mesh: 'mesh',
  highWater: 'clock.high_water_ms',
  reconciled: 'audit.reconciled_to',
  retention: 'retention.limits',
  /** When it was looked last what is too old. */
  retentionLooked: 'retention.looked_ms',
  /** What of the dropped segments the audit log was told. */
  droppedTold: 'retention.told',
  /** What the person has chosen about being told. */
  notifications: 'notifications',
  /** The stage above which what was kept is being deleted. */
  dropAbove: 'stage.drop_above',
  /** What limits of storage the person was told of. */
  toldFull: 'notifications.nearly_full',
  /** Whether, how much and how long this device carries for others. */
  carry: 'carry',
  /** True while an agent runs: found at a start, it did not end in order. */
  agentRuns: 'agent.runs',
} as const

/** The settings of a device that was just made. */
export function initialSettings(crypto: Crypto, name: string, keyStore: KeyStore): Readonly<Record<string, unknown>> {
  return {
    [SETTING.name]: name,
    [SETTING.keyStore]: keyStore,
    [SETTING.stage]: 'casual' satisfies Stage,
    [SETTING.incarnation]: Buffer.from(crypto.randomBytes(16)).toString('hex'),
  }
}

/** The choice made at init stands in the encrypted store too: keys.json cannot be swapped for a weaker one unnoticed. */
export function requireKeyStore(recorded: unknown, found: KeyStore): void {
  if (recorded !== found) throw new KeeperError('KEYS_STORE_CHANGED', 'the key store is not the one chosen at init')
}

/** A stage that cannot be read counts as the one that collects and shares least. */
export function readStage(value: unknown): Stage {
  return isStage(value) ? value : 'casual'
}
