/**
 * Preloaded into a process: ends it with SIGKILL before its nth call that may write to a database or a file. One that
 * makes fewer says on stderr at its end how many it made.
 */
import { writeSync } from 'node:fs'
import { watchCalls } from './watch-calls.ts'

const nth = Number(process.env['KILL_AT_CALL'])
let calls = 0

watchCalls(() => {
  if (++calls === nth) process.kill(process.pid, 'SIGKILL')
})
process.on('exit', () => writeSync(2, `${calls} calls\n`))
