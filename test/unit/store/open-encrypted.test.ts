import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Plain from 'better-sqlite3'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { codeOf } from '../../../src/base/errors.ts'
import { migrate } from '../../../src/store/migrate.ts'
import { asStoreErrors, StoreError } from '../../../src/store/store-error.ts'
import {
  DEFAULT_BUSY_TIMEOUT_MS,
  DEFAULT_CACHE_KIB,
  openEncrypted,
  PAGE_BYTES,
  STORE_KEY_BYTES,
  type OpenOptions,
} from '../../../src/store/open-encrypted.ts'

const KEY = new Uint8Array(32).fill(7)
const CANARY = 'canary-5c1f0d'
let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'open-encrypted-'))
  path = join(folder, 'store.db')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function codeThrownBy(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (err) {
    return codeOf(err)
  }
}

/** A store of several pages: 40 rows of 900 bytes, small enough to need no overflow pages, and an index. */
function fill(at = path): void {
  const db = openEncrypted(at, KEY)
  db.exec('CREATE TABLE note(id INTEGER PRIMARY KEY, text TEXT); CREATE INDEX by_text ON note(text)')
  const insert = db.prepare('INSERT INTO note(text) VALUES (?)')
  for (let i = 0; i < 40; i++) insert.run(`${CANARY} ${i} `.padEnd(900, 'x'))
  db.close()
}

function readAll(at: string): number {
  const db = openEncrypted(at, KEY)
  try {
    return asStoreErrors(() => {
      db.prepare('SELECT count(*) FROM note INDEXED BY by_text WHERE text > ?').get('')
      return db.prepare('SELECT * FROM note').all().length
    })
  } finally {
    db.close()
  }
}

describe('opening', () => {
  test('[ST1] a new file is encrypted from its first byte and opens again under its key', () => {
    fill()
    expect(readAll(path)).toBe(40)
    const bytes = readFileSync(path)
    expect(bytes.includes('SQLite format 3')).toBe(false)
    expect(bytes.includes(CANARY)).toBe(false)
  })

  test('[ST1] the write-ahead log holds no plaintext', () => {
    const db = openEncrypted(path, KEY)
    db.exec(`CREATE TABLE note(text TEXT); INSERT INTO note VALUES ('${CANARY}')`)
    const wal = readFileSync(`${path}-wal`)
    expect(wal.length).toBeGreaterThan(PAGE_BYTES)
    expect(wal.includes(CANARY)).toBe(false)
    db.close()
  })

  test('[ST2] durability, temporary files, deletion and foreign keys are set as promised', () => {
    const db = openEncrypted(path, KEY, { cacheKiB: 2048, busyTimeoutMs: 1234 })
    const pragma = (name: string) => db.pragma(name, { simple: true })
    expect({
      journal: pragma('journal_mode'),
      synchronous: pragma('synchronous'),
      temp: pragma('temp_store'),
      secureDelete: pragma('secure_delete'),
      foreignKeys: pragma('foreign_keys'),
      cache: pragma('cache_size'),
      checkpoint: pragma('wal_autocheckpoint'),
      busy: pragma('busy_timeout'),
      page: pragma('page_size'),
    }).toEqual({
      journal: 'wal',
      synchronous: 2,
      temp: 2,
      secureDelete: 1,
      foreignKeys: 1,
      cache: -2048,
      checkpoint: 256,
      busy: 1234,
      page: PAGE_BYTES,
    })
    db.close()
  })

  test('[ST2] cache and busy timeout have defaults', () => {
    const db = openEncrypted(path, KEY)
    expect([db.pragma('cache_size', { simple: true }), db.pragma('busy_timeout', { simple: true })]).toEqual([
      -DEFAULT_CACHE_KIB,
      DEFAULT_BUSY_TIMEOUT_MS,
    ])
    db.close()
  })

  test('[ST3] every file of the store is readable by its owner only, also one that was opened wider before', () => {
    fill()
    writeFileSync(join(folder, 'wide.db'), readFileSync(path), { mode: 0o644 })
    const db = openEncrypted(join(folder, 'wide.db'), KEY)
    db.exec('INSERT INTO note(text) VALUES (1)')
    const modes = ['', '-wal', '-shm'].map((suffix) => statSync(join(folder, `wide.db${suffix}`)).mode & 0o777)
    expect(modes).toEqual([0o600, 0o600, 0o600])
    db.close()
  })

  test('[ST4] a wrong key is told apart and changes nothing', () => {
    fill()
    const before = readFileSync(path)
    expect(codeThrownBy(() => openEncrypted(path, new Uint8Array(32).fill(8)))).toBe('STORE_WRONG_KEY')
    expect(readFileSync(path).equals(before)).toBe(true)
    expect(readAll(path)).toBe(40)
  })

  test.each([0, 16, STORE_KEY_BYTES - 1, STORE_KEY_BYTES + 1, 64])(
    '[ST4] a key of %i bytes is refused before any file is made',
    (length) => {
      expect(codeThrownBy(() => openEncrypted(path, new Uint8Array(length)))).toBe('STORE_BAD_KEY')
      expect(existsSync(path)).toBe(false)
    },
  )

  test('[ST5] a plain database is refused and left as it was', () => {
    const plain = new Plain(path)
    plain.exec('CREATE TABLE note(text TEXT)')
    plain.close()
    const before = readFileSync(path)
    expect(codeThrownBy(() => openEncrypted(path, KEY))).toBe('STORE_NOT_ENCRYPTED')
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test('[ST8] a missing or emptied file is reported, not replaced, when it must exist', () => {
    expect(codeThrownBy(() => openEncrypted(path, KEY, { mustExist: true }))).toBe('STORE_MISSING')
    expect(existsSync(path)).toBe(false)
    fill()
    truncateSync(path, 0)
    expect(codeThrownBy(() => openEncrypted(path, KEY, { mustExist: true }))).toBe('STORE_MISSING')
  })

  test('[ST7] a lock held by another connection is reported after the busy timeout', () => {
    fill()
    const holder = openEncrypted(path, KEY)
    holder.exec('BEGIN IMMEDIATE')
    const db = openEncrypted(path, KEY, { busyTimeoutMs: 0 })
    expect(codeThrownBy(() => asStoreErrors(() => db.exec('DELETE FROM note')))).toBe('STORE_LOCKED')
    db.close()
    holder.close()
  })

  test('[ST5] a file that another process has begun to use is not removed when opening fails', () => {
    const connect: OpenOptions['connect'] = (at, timeout) => {
      fill(at) // in the moment between making the file and opening it
      const holder = openEncrypted(at, KEY)
      holder.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT')
      holders.push(holder)
      return new Plain(at, { timeout })
    }
    const holders: Plain.Database[] = []
    expect(codeThrownBy(() => openEncrypted(path, KEY, { connect, busyTimeoutMs: 0 }))).toBe('STORE_LOCKED')
    for (const holder of holders) holder.close()
    expect(readAll(path)).toBe(40)
  })

  test('[ST7] a folder that does not exist is an input/output error', () => {
    expect(codeThrownBy(() => openEncrypted(join(folder, 'none', 'store.db'), KEY))).toBe('STORE_IO')
  })
})

describe('settings that are not honoured', () => {
  /** A SQLite that ignores some statements, as a build without encryption ignores unknown pragmas. */
  const deafTo =
    (...ignored: readonly RegExp[]): NonNullable<OpenOptions['connect']> =>
    (at) => {
      const db = new Plain(at)
      const pragma = db.pragma.bind(db)
      db.pragma = (source, options) => (ignored.some((one) => one.test(source)) ? undefined : pragma(source, options))
      return db
    }
  /** The same, but claiming success. */
  const lyingAbout =
    (ignored: RegExp, answer: string): NonNullable<OpenOptions['connect']> =>
    (at) => {
      const db = new Plain(at)
      const pragma = db.pragma.bind(db)
      db.pragma = (source, options) => (ignored.test(source) ? answer : pragma(source, options))
      return db
    }

  test.each([
    ['the cipher is ignored', deafTo(/^cipher/)],
    ['the key is ignored', deafTo(/^key/)],
    ['both are ignored, as in plain SQLite', deafTo(/^cipher/, /^key/)],
    ['the key is ignored and reported as taken', lyingAbout(/^key/, 'ok')],
    ['another cipher is used', lyingAbout(/^cipher/, 'aes256cbc')],
  ])('[ST5] when %s, no plaintext file is left behind', (_, connect) => {
    expect(codeThrownBy(() => openEncrypted(path, KEY, { connect }))).toBe('STORE_NOT_ENCRYPTED')
    for (const suffix of ['', '-wal', '-shm', '-journal']) expect(existsSync(path + suffix)).toBe(false)
  })

  test('[ST5] pages without room for a tag are found on disk even if every answer was right', () => {
    const connect: OpenOptions['connect'] = (at) => {
      const db = new Plain(at)
      const pragma = db.pragma.bind(db)
      // aes256cbc: encrypted, but without a tag on its pages.
      db.pragma = (source, options) => {
        if (!source.startsWith('cipher')) return pragma(source, options)
        pragma("cipher = 'aes256cbc'")
        return 'chacha20'
      }
      return db
    }
    expect(codeThrownBy(() => openEncrypted(path, KEY, { connect }))).toBe('STORE_NOT_ENCRYPTED')
    expect(existsSync(path)).toBe(false)
  })
})

describe('damage', () => {
  test('[ST6] a flipped bit in any page of rows makes reading fail as corrupt, never with other rows', () => {
    fill()
    const good = readFileSync(path)
    const copy = join(folder, 'copy.db')
    const pages = good.length / PAGE_BYTES
    expect(pages).toBeGreaterThan(20)
    // Every page at its start, its end (nonce and tag) and a place between; the first page densely. The second has no
    // rows, only where which page is used: it is read when one is moved.
    const offsets = Array.from({ length: pages }, (_, page) =>
      page === 1 ? [] : [0, 17, 1999, 4064, 4079, 4095].map((o) => page * PAGE_BYTES + o),
    )
    for (const offset of [...offsets.flat(), ...Array.from({ length: 64 }, (_, i) => 16 + i)]) {
      const bytes = Buffer.from(good)
      bytes[offset] = (bytes[offset] as number) ^ (1 << (offset % 8))
      writeFileSync(copy, bytes)
      // The first 16 bytes are the key check itself: damage there reads as a wrong key.
      const code = offset < 16 ? 'STORE_WRONG_KEY' : 'STORE_CORRUPT'
      expect([offset, codeThrownBy(() => readAll(copy))]).toEqual([offset, code])
    }
  })

  test('[ST6] two pages that trade places are found', () => {
    fill()
    const bytes = readFileSync(path)
    const [a, b] = [bytes.subarray(4 * PAGE_BYTES, 5 * PAGE_BYTES), bytes.subarray(5 * PAGE_BYTES, 6 * PAGE_BYTES)]
    const kept = Buffer.from(a)
    a.set(b)
    b.set(kept)
    writeFileSync(path, bytes)
    expect(codeThrownBy(() => readAll(path))).toBe('STORE_CORRUPT')
  })

  test('[ST6] a file cut at any length is corrupt', () => {
    fill()
    const whole = statSync(path).size
    const copy = join(folder, 'copy.db')
    for (const size of [
      1,
      16,
      100,
      4095,
      4096,
      4097,
      5 * PAGE_BYTES,
      5 * PAGE_BYTES + 1,
      whole - PAGE_BYTES,
      whole - 1,
    ]) {
      copyFileSync(path, copy)
      truncateSync(copy, size)
      expect([size, codeThrownBy(() => readAll(copy))]).toEqual([size, 'STORE_CORRUPT'])
    }
  })

  test('[ST6] a damaged write-ahead log loses its newest transactions at most; it never shows an altered row', () => {
    const db = openEncrypted(path, KEY)
    db.exec('CREATE TABLE note(text TEXT)')
    const insert = db.prepare('INSERT INTO note VALUES (?)')
    for (let i = 0; i < 8; i++) insert.run(`row ${i}`)
    const [main, wal] = [readFileSync(path), readFileSync(`${path}-wal`)]
    db.close()
    const copy = join(folder, 'copy.db')
    fc.assert(
      fc.property(fc.integer({ min: 0, max: wal.length - 1 }), (offset) => {
        const bytes = Buffer.from(wal)
        bytes[offset] = (bytes[offset] as number) ^ 1
        writeFileSync(copy, main)
        writeFileSync(`${copy}-wal`, bytes)
        rmSync(`${copy}-shm`, { force: true })
        const opened = openEncrypted(copy, KEY)
        const table = opened.prepare("SELECT count(*) FROM sqlite_master WHERE name = 'note'").pluck().get()
        const rows = table === 1 ? opened.prepare('SELECT text FROM note ORDER BY rowid').pluck().all() : []
        opened.close()
        expect(rows).toEqual(rows.map((_, i) => `row ${i}`))
      }),
      { numRuns: 60 },
    )
  })
})

describe('migrations', () => {
  const FIRST = 'CREATE TABLE a(x)'
  const SECOND = 'ALTER TABLE a ADD COLUMN y; CREATE TABLE b(z)'

  test('[ST9] each migration runs once, in order', () => {
    const db = openEncrypted(path, KEY)
    migrate(db, [FIRST])
    migrate(db, [FIRST, SECOND])
    migrate(db, [FIRST, SECOND])
    expect(db.pragma('user_version', { simple: true })).toBe(2)
    expect(db.prepare('SELECT name FROM sqlite_master ORDER BY name').pluck().all()).toEqual(['a', 'b'])
    db.close()
  })

  test('[ST9] a migration that fails leaves nothing of itself, and those before it stay', () => {
    const db = openEncrypted(path, KEY)
    expect(codeThrownBy(() => migrate(db, [FIRST, 'CREATE TABLE c(x); CREATE TABLE c(x)']))).toBe('STORE_FAILED')
    expect(db.pragma('user_version', { simple: true })).toBe(1)
    expect(db.prepare('SELECT name FROM sqlite_master').pluck().all()).toEqual(['a'])
    db.close()
  })

  test('[ST9] a file of a newer version is refused and left as it was', () => {
    const db = openEncrypted(path, KEY)
    migrate(db, [FIRST, SECOND])
    expect(codeThrownBy(() => migrate(db, [FIRST]))).toBe('STORE_TOO_NEW')
    expect(db.pragma('user_version', { simple: true })).toBe(2)
    db.close()
  })

  test('[ST9] no migrations at all is fine', () => {
    const db = openEncrypted(path, KEY)
    expect(codeThrownBy(() => migrate(db, []))).toBeUndefined()
    db.close()
  })
})

test('[ST7] errors carry no key, path or row', () => {
  fill()
  try {
    openEncrypted(path, new Uint8Array(32).fill(9))
    expect.unreachable()
  } catch (err) {
    expect(err).toBeInstanceOf(StoreError)
    expect(JSON.stringify([(err as StoreError).message, (err as StoreError).details])).not.toMatch(
      /0909|store\.db|canary/,
    )
  }
})
