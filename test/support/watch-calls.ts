/** Puts a look before every call of this process that may write to a database or a file: for preloaded modules. */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import Database from 'better-sqlite3'

const FILE_CALLS =
  'mkdirSync chmodSync openSync closeSync writeFileSync appendFileSync renameSync rmSync ' +
  'unlinkSync fsyncSync fdatasyncSync writeSync writevSync ftruncateSync'

export function watchCalls(look: () => void): void {
  const statement: object = Object.getPrototypeOf(new Database(':memory:').prepare('SELECT 1')) as object
  watch(Database.prototype, ['prepare', 'exec', 'pragma', 'close'], look)
  watch(statement, ['run', 'get', 'all'], look)
  watch(fs, FILE_CALLS.split(' '), look)
  syncBuiltinESMExports()
}

function watch(owner: object, names: readonly string[], look: () => void): void {
  for (const name of names) {
    const original: unknown = Reflect.get(owner, name)
    if (typeof original !== 'function') throw new TypeError(`there is no ${name} to watch`)
    Reflect.set(owner, name, function (this: unknown, ...args: unknown[]): unknown {
      look()
      return Reflect.apply(original, this, args)
    })
  }
}
