import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { handleOutputErrors } from '../../../src/cli/output-errors.ts'

function streams() {
  const said: string[] = []
  const ends: number[] = []
  const stdout = new EventEmitter()
  const stderr = Object.assign(new EventEmitter(), { write: (text: string) => said.push(text) })
  handleOutputErrors({ stdout, stderr } as unknown as NodeJS.Process, (exitCode) => ends.push(exitCode))
  return { stdout, stderr, said, ends }
}
const failure = (code: string) => Object.assign(new Error(`${code}: so it is`), { code })

test('[CL4] an answer that cannot be written is exit 1 and one line', () => {
  const { stdout, said, ends } = streams()
  stdout.emit('error', failure('ENOSPC'))
  expect([ends, said]).toEqual([[1], ['OUTPUT_FAILED: the answer cannot be written: ENOSPC: so it is\n']])
})

test('[CL4] a reader that has read enough, and a stderr nobody holds, are no failure', () => {
  const { stdout, stderr, said, ends } = streams()
  stdout.emit('error', failure('EPIPE'))
  stderr.emit('error', failure('ENOSPC'))
  expect([ends, said]).toEqual([[], []])
})
