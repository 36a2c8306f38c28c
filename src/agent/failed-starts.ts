/**
 * Counts starts that failed before there was a store to count in: a wrong passphrase, a damaged database. They wait in
 * `failed-starts.json` (0600, codes and numbers only) until a start succeeds, which puts them among the counters.
 * A hint for the person, not evidence: whoever can write in the home can change it.
 */
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const FAILED_STARTS_FILE = 'failed-starts.json'
/** Largest file that is read, and largest number kept: far more than a person causes. */
const MAX_BYTES = 4_096
const MAX_COUNT = 1_000_000
/** Failures worth telling later; a home that is in use, or a disk that is full, is told at once and is nobody's attempt. */
const COUNTED: ReadonlySet<string> = new Set([
  'PASSPHRASE_WRONG',
  'KEYS_TAMPERED',
  'KEYS_MALFORMED',
  'KEYS_STORE_CHANGED',
  'STORE_WRONG_KEY',
  'STORE_NOT_ENCRYPTED',
  'STORE_CORRUPT',
  'STORE_MISSING',
])

export type FailedStarts = Readonly<Record<string, number>>

/** Never fails: the start has failed already, and its own reason is what matters. */
export function noteFailedStart(home: string, code: string): void {
  if (!COUNTED.has(code)) return
  const counts = readFailedStarts(home)
  const next = { ...counts, [code]: Math.min((counts[code] ?? 0) + 1, MAX_COUNT) }
  try {
    writeFileSync(join(home, FAILED_STARTS_FILE), `${JSON.stringify(next)}\n`, { mode: 0o600 })
  } catch {
    // a full disk, or a home that is not ours
  }
}

/** What is no count of a known code is left out. */
export function readFailedStarts(home: string): FailedStarts {
  const path = join(home, FAILED_STARTS_FILE)
  try {
    if (statSync(path).size > MAX_BYTES) return {}
    const entries = Object.entries(JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>)
    const counted = entries.filter(([code, n]) => COUNTED.has(code) && Number.isInteger(n) && Number(n) > 0)
    return Object.fromEntries(counted.map(([code, n]) => [code, Math.min(Number(n), MAX_COUNT)]))
  } catch {
    return {}
  }
}

export function forgetFailedStarts(home: string): void {
  rmSync(join(home, FAILED_STARTS_FILE), { force: true })
}
