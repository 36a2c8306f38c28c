/**
 * `node test/sim/mutated.ts N SEEDS`: lives through seeds with the Nth mutation in the code, until one fails. Prints the seed
 * and what was wrong; ends with 1 if nothing was.
 */
import { registerHooks } from 'node:module'
import { MUTATIONS, type Mutation } from './mutations.ts'

const [mutation, seeds] = [MUTATIONS[Number(process.argv[2])], Number(process.argv[3])]
if (mutation === undefined || !(seeds > 0)) throw new Error('usage: mutated.ts N SEEDS')
const { from, to, file } = mutation
let isApplied = false

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (!url.endsWith(`/src/${file}`)) return loaded
    isApplied = true
    return { ...loaded, source: mutated(Buffer.from(loaded.source as Uint8Array).toString()) }
  },
})
// What nobody catches is noticed too.
process.on('uncaughtException', (err) => {
  process.stdout.write(`it broke: ${err.message}\n`)
  process.exit(0)
})
// Only now, so that the hook sees what it loads.
const { liveThrough } = await import('./live-through.ts')
const found = await firstFailure()
if (!isApplied) throw new Error(`src/${file} is not loaded`)
process.stdout.write(`${found ?? 'not found'}\n`)
process.exitCode = found === undefined ? 1 : 0

async function firstFailure(): Promise<string | undefined> {
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      const { failures } = await liveThrough({ seed, steps: 1 })
      if (failures.length > 0) return failures[0]
    } catch (err) {
      return `seed ${seed}: it broke: ${(err as Error).message}`
    }
  }
  return undefined
}

function mutated(source: string): string {
  const parts = source.split(from)
  if (parts.length !== 2) {
    // Never taken for a mistake that was found.
    process.stdout.write(`${(mutation as Mutation).name}: its place in src/${file} is not there once\n`)
    process.exit(1)
  }
  return parts.join(to)
}
