/**
 * The process that gets killed: appends spans as fast as it can, several requests at once, and says on stdout which were
 * acknowledged, one line each, written before anything else happens.
 */
import { writeSync } from 'node:fs'
import { manySpans } from '../support/otlp-records.ts'
import { openCrashKeeper } from './crash-keeper.ts'

const [folder = '', round = '1'] = process.argv.slice(2)
/** Sizes of requests: some below a segment's 256 records, some above. */
const SIZES = [1, 7, 40, 3, 120, 300, 1, 64]
const AT_ONCE = 3

const say = (line: string): void => {
  writeSync(1, `${line}\n`)
}

say('begin')
const keeper = openCrashKeeper(folder)
if (keeper.stage !== 'developer') await keeper.setStage('developer')
say('ready')
let next = 1
const write = async (): Promise<never> => {
  for (let i = 0; ; i++) {
    const size = SIZES[(next + i) % SIZES.length] ?? 1
    const first = next
    next += size
    await keeper.intake.take('traces', manySpans('writer', Number(round), first, size), { kind: 'otlp' })
    say(`ack ${first} ${size}`)
    if (i % 9 === 8) await keeper.setStage('developer') // an audit leaf and a setting between commits
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, write))
