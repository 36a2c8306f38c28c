/**
 * `npm run prove [-- --only NAME ...] [--cases N] [--seed S]`: tries what the store promises many times, and puts the
 * result of every full run, dated, into docs/proofs. Fails if a proof does. Tests run a small part of each.
 *
 * To add a proof: a module that exports what proof.ts says, and a line in PROOFS.
 */
import { parseArgs } from 'node:util'
import { endOnSignals } from '../bench/support/end-on-signals.ts'
import { describeMachine } from '../bench/support/machine.ts'
import type { Proof } from '../test/proofs/proof.ts'
import { writeProof } from './write-proof.ts'

const PROOFS: Readonly<Record<string, () => Promise<Proof>>> = {
  'flipped-byte': () => import('../test/proofs/flipped-byte.ts'),
  kill: () => import('../test/proofs/kill.ts'),
  migration: () => import('../test/proofs/migration.ts'),
  'power-loss': () => import('../test/proofs/power-loss.ts'),
  'real-input': () => import('../test/proofs/real-input.ts'),
  'fuzz-scan': () => import('../test/proofs/fuzz-scan.ts'),
  'fuzz-documents': () => import('../test/proofs/fuzz-documents.ts'),
  'fuzz-decoders': () => import('../test/proofs/fuzz-decoders.ts'),
  'bus-pressure': () => import('../test/proofs/bus-pressure.ts'),
  sim: () => import('../test/proofs/sim.ts'),
  'sim-mutations': () => import('../test/proofs/sim-mutations.ts'),
  soak: () => import('../test/proofs/soak.ts'),
}
/** Failures shown; the rest are counted. */
const MAX_SHOWN = 20

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: Object.keys(PROOFS) },
    /** Fewer or more than the proof's own number; such a result is shown and not written down. */
    cases: { type: 'string' },
    /** Where chance begins: the same seed tries the same again. */
    seed: { type: 'string', default: '1' },
  },
})

endOnSignals()
for (const name of values.only) if (!(await prove(name))) process.exitCode = 1

async function prove(name: string): Promise<boolean> {
  const load = PROOFS[name]
  if (load === undefined) throw new Error(`no proof ${name}; there are ${Object.keys(PROOFS).join(', ')}`)
  const proof = await load()
  const machine = describeMachine()
  const [cases, seed] = [wholeNumber(values.cases ?? String(proof.cases)), wholeNumber(values.seed)]
  const began = performance.now()
  const result = await proof.run({
    seed,
    cases,
    onProgress: (done) => process.stderr.write(`${name}: ${done}/${cases}\n`),
  })
  const seconds = Math.round((performance.now() - began) / 1_000)
  console.log(`${name}: ${result.cases} cases, ${result.failures.length} failures, ${seconds} s`)
  for (const failure of result.failures.slice(0, MAX_SHOWN)) console.log(`  ${failure}`)
  if (values.cases === undefined) writeProof(name, { proof, result, machine, seed, seconds })
  return result.failures.length === 0
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new Error('--cases and --seed are whole numbers')
  return Number(text)
}
