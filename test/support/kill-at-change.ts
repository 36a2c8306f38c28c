/**
 * Preloaded into a process: ends it with SIGKILL when its home has changed for the nth time, counting files that come
 * and go. Looked at before every call that may write, so the kill falls between two steps and never on a timer.
 */
import fs from 'node:fs'
import { watchCalls } from './watch-calls.ts'

const home = process.env['KILL_HOME'] ?? ''
const nth = Number(process.env['KILL_AT_CHANGE'])
const { existsSync, readdirSync } = fs
let seen = ''
let changes = 0

function look(): void {
  const now = existsSync(home) ? ['home', ...readdirSync(home).sort()].join('\n') : ''
  if (now === seen) return
  seen = now
  if (++changes === nth) process.kill(process.pid, 'SIGKILL')
}

watchCalls(look)
process.on('exit', look)
