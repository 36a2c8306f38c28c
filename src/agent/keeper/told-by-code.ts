/** Which of the codes that are only counted a person is told of all the same. */
import type { ArgsOf, StartFailure } from '../../policy/notifications/catalogue.ts'

const BY_REFUSAL: Readonly<Record<string, 'security.altered' | 'security.two-histories'>> = {
  SYNC_BAD_HEAD: 'security.altered',
  SYNC_BROKEN_CHAIN: 'security.altered',
  SYNC_TAMPERED: 'security.altered',
  CONTROL_BAD_SIGNATURE: 'security.altered',
  SYNC_FORK: 'security.two-histories',
  CONTROL_FORK: 'security.two-histories',
}
const START_FAILURES: Readonly<Record<string, StartFailure>> = {
  PASSPHRASE_WRONG: 'passphrase',
  KEYS_TAMPERED: 'keys',
  KEYS_MALFORMED: 'keys',
  KEYS_STORE_CHANGED: 'keys',
  STORE_WRONG_KEY: 'records',
  STORE_NOT_ENCRYPTED: 'records',
  STORE_CORRUPT: 'records',
  STORE_MISSING: 'records',
}

/** What a device sent that is neither its word nor a fault of the way it came. Undefined for anything else. */
export function toldByRefusal(code: string): 'security.altered' | 'security.two-histories' | undefined {
  return BY_REFUSAL[code]
}

/** Starts that failed, one for each thing that was wrong. */
export function startsFailed(counts: Readonly<Record<string, number>>): readonly ArgsOf['security.start-failed'][] {
  const byWhy = new Map<StartFailure, number>()
  for (const [code, count] of Object.entries(counts)) {
    const why = START_FAILURES[code]
    if (why !== undefined) byWhy.set(why, (byWhy.get(why) ?? 0) + count)
  }
  return [...byWhy].map(([why, count]) => ({ why, count }))
}
