/** A small part of the proofs `kill`, `migration` and `flipped-byte`, whole by `npm run prove`. */
import { expect, test } from 'vitest'
import { run as runFlips } from '../proofs/flipped-byte.ts'
import { run as runKills } from '../proofs/kill.ts'
import { run as runMigrations } from '../proofs/migration.ts'

test(
  '[ST11] kill -9 at any of 30 moments loses nothing acknowledged and corrupts nothing',
  { timeout: 300_000 },
  async () => {
    const { failures, facts } = await runKills({ seed: 20_261_122, cases: 30 })
    expect(failures).toEqual([])
    expect(facts['acknowledged requests']).toBeGreaterThan(300)
  },
)

test(
  '[ST42] a home that is being brought up to date and is killed meanwhile is whole at the next start',
  { timeout: 300_000 },
  async () => {
    const { failures, cases } = await runMigrations({ seed: 1, cases: 20 })
    expect(failures).toEqual([])
    expect(cases).toBeGreaterThanOrEqual(20)
  },
)

test(
  '[ST44] a flipped byte in any file shows nothing wrong, brings nothing down and is told',
  { timeout: 300_000 },
  async () => {
    const { failures, facts } = await runFlips({ seed: 1, cases: 40 })
    expect(failures).toEqual([])
    expect(facts['packs/N.pack, told']).toBeGreaterThan(5)
  },
)
