/** Preloaded into a process: commits are not synced before they are acknowledged. A proof of durability must notice. */
import Database from 'better-sqlite3'

const pragma: unknown = Reflect.get(Database.prototype, 'pragma')
Reflect.set(Database.prototype, 'pragma', function (this: unknown, source: string, ...rest: unknown[]): unknown {
  const less = source === 'synchronous = FULL' ? 'synchronous = NORMAL' : source
  return Reflect.apply(pragma as () => unknown, this, [less, ...rest])
})
