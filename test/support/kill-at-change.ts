/**
 * Preloaded into a process: ends it with SIGKILL when its home has changed for the nth time, counting files that come
 * and go. Looked at before every call that may write, so the kill falls between two steps and never on a timer.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import Database from 'better-sqlite3'

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

/** Puts a look before each of these functions. */
function watch(owner: object, names: readonly string[]): void {
  for (const name of names) {
    const original: unknown = Reflect.get(owner, name)
    if (typeof original !== 'function') throw new TypeError(`there is no ${name} to watch`)
    Reflect.set(owner, name, function (this: unknown, ...args: unknown[]): unknown {
      look()
      return Reflect.apply(original, this, args)
    })
  }
}

const statement: object = Object.getPrototypeOf(new Database(':memory:').prepare('SELECT 1')) as object
watch(Database.prototype, ['prepare', 'exec', 'pragma', 'close'])
watch(statement, ['run', 'get', 'all'])
watch(fs, ['mkdirSync', 'chmodSync', 'openSync', 'closeSync', 'writeFileSync', 'renameSync', 'rmSync', 'fsyncSync'])
syncBuiltinESMExports()
process.on('exit', look)
