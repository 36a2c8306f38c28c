/**
 * Opens or creates an encrypted SQLite file: ChaCha20-Poly1305 per page, raw 32-byte key, WAL, synchronous=FULL.
 *
 * Guarantees: no row is ever written to a file that is not encrypted; every page read is authenticated; files are 0600.
 * Must not: fall back to an unencrypted file, or to a passphrase, when a setting is not honoured (SQLite ignores
 * pragmas it does not know). Rules: docs/spec/storage.md (ST1-ST9); the choice of cipher: docs/adr/0001-page-cipher.md.
 */
import { chmodSync, closeSync, openSync, readSync, rmSync, statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { concat, equalBytes, toHex, utf8 } from '../base/bytes.ts'
import { codeOf } from '../base/errors.ts'
import { nodeCrypto } from '../platform/node-crypto.ts'
import { StoreError, toStoreError } from './store-error.ts'

export type { Database } from 'better-sqlite3'

const PAGE_CIPHER = 'chacha20'
export const STORE_KEY_BYTES = 32
/** SQLite's page; the cipher keeps 32 bytes of each for nonce and tag. */
export const PAGE_BYTES = 4096
/** Memory for pages of one connection: holds the hot indexes of a store, small beside the agent's 100 MB. */
export const DEFAULT_CACHE_KIB = 16_384
/**
 * Pages of the write-ahead log after which a commit moves them into the file. Moving takes 40 us a page, for each is deciphered
 * and enciphered: of SQLite's own 1,000 a thread stood still for 40 ms, under load for 150. In all it costs the same.
 */
const CHECKPOINT_PAGES = 256
/** How long a statement waits for another connection's lock: longer than any transaction of ours. */
export const DEFAULT_BUSY_TIMEOUT_MS = 5_000

export interface OpenOptions {
  /** Throws STORE_MISSING instead of creating a file, or filling an empty one. Default false. */
  readonly mustExist?: boolean
  readonly cacheKiB?: number
  readonly busyTimeoutMs?: number
  /** Makes the connection; the default is better-sqlite3. A build without encryption is found out and refused. */
  readonly connect?: typeof connect
}

const SALT_BYTES = 16
const HEADER_BYTES = 24
/** Offset in the header of "bytes kept at the end of each page": where the cipher's nonce and tag live. */
const RESERVED_OFFSET = 20
const RESERVED_BYTES = 32
const PLAIN_HEADER = utf8('SQLite format 3\0')
const NO_ROOM_FOR_INDEX = /^SQLITE_IOERR_SHM/
const KEY_CHECK_DOMAIN = utf8('aico-mesh/store/key-check/v1')

/**
 * @throws StoreError STORE_BAD_KEY, STORE_WRONG_KEY, STORE_NOT_ENCRYPTED, STORE_CORRUPT, STORE_LOCKED, STORE_MISSING,
 *   STORE_IO, STORE_FULL. On failure nothing stays open; a file this call made and could not encrypt is removed.
 */
export function openEncrypted(path: string, key: Uint8Array, options: OpenOptions = {}): Database.Database {
  const salt = keyCheck(key)
  let created = false
  let db: Database.Database | undefined
  try {
    created = prepareFile(path, options.mustExist ?? false)
    const unlocked = (isExclusive: boolean): Database.Database => {
      db?.close()
      db = (options.connect ?? connect)(path, options.busyTimeoutMs ?? DEFAULT_BUSY_TIMEOUT_MS)
      setKey(db, key, salt)
      if (isExclusive) db.pragma('locking_mode = EXCLUSIVE')
      firstRead(db, path, salt)
      return db
    }
    db = withIndexSomewhere(unlocked)
    configure(db, options.cacheKiB ?? DEFAULT_CACHE_KIB)
    assertSealed(path)
    return db
  } catch (err) {
    db?.close()
    const error = toStoreError(err)
    // Any other failure leaves an empty or an encrypted file, and another process may have begun to use it.
    if (created && codeOf(error) === 'STORE_NOT_ENCRYPTED') removeDatabase(path)
    throw error
  }
}

/** Removes a database that nobody has open, and whatever a process that died left beside it. */
export function removeDatabase(path: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(path + suffix, { force: true })
}

function connect(path: string, timeout: number): Database.Database {
  return new Database(path, { fileMustExist: true, timeout })
}

/** Owner-only from the first byte on: SQLite gives the WAL and its index the mode of the file. */
function prepareFile(path: string, mustExist: boolean): boolean {
  if (mustExist && sizeOf(path) === 0) throw new StoreError('STORE_MISSING', 'the database does not exist or is empty')
  try {
    closeSync(openSync(path, 'wx', 0o600))
    return true
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'EEXIST') throw err
  }
  chmodSync(path, 0o600)
  if (isPlain(readHeader(path))) throw notEncrypted('the file is a plain database', { plain: true })
  assertWhole(path)
  return false
}

/** A crash can cut the file short only while its write-ahead log still holds the pages; without one, bytes were lost. */
function assertWhole(path: string): void {
  const size = sizeOf(path)
  // SQLite would take a few bytes for an empty database and write over them.
  const tooSmall = size > 0 && size < PAGE_BYTES
  if (tooSmall || (size % PAGE_BYTES !== 0 && sizeOf(`${path}-wal`) === 0)) {
    throw new StoreError('STORE_CORRUPT', 'the file is cut short', { details: { size } })
  }
}

/** Cipher and key before any other statement; each answer is checked, for SQLite skips what it does not know. */
function setKey(db: Database.Database, key: Uint8Array, salt: Uint8Array): void {
  const raw = toHex(concat(key, salt))
  // A key of any other length would silently be taken for a passphrase.
  if (!/^[0-9a-f]{96}$/.test(raw)) throw new StoreError('STORE_BAD_KEY', 'the database key is not 32 bytes')
  if (db.pragma(`cipher = '${PAGE_CIPHER}'`, { simple: true }) !== PAGE_CIPHER) throw notEncrypted('no page cipher')
  if (db.pragma(`key = "x'${raw}'"`, { simple: true }) !== 'ok') throw notEncrypted('the key was not taken')
}

/**
 * The index of the write-ahead log is a file of its own, and a full disk has no room for it. A connection that lets no
 * other in keeps it in memory: so what is there can still be read.
 */
function withIndexSomewhere(open: (isExclusive: boolean) => Database.Database): Database.Database {
  try {
    return open(false)
  } catch (err) {
    if (!(err instanceof Database.SqliteError) || !NO_ROOM_FOR_INDEX.test(err.code)) throw err
    return open(true)
  }
}

/** Reads the first page before anything is written, and says what is wrong with a page that does not open. */
function firstRead(db: Database.Database, path: string, salt: Uint8Array): void {
  try {
    const attached = db.prepare("SELECT sqlite3mc_codec_data('cipher_salt')").pluck().get()
    if (typeof attached !== 'string') throw notEncrypted('no cipher is attached')
    db.prepare('SELECT count(*) FROM sqlite_master').get()
  } catch (err) {
    if (!(err instanceof Database.SqliteError) || err.code !== 'SQLITE_NOTADB') throw err
    if (!equalBytes(readHeader(path).subarray(0, SALT_BYTES), salt)) {
      throw new StoreError('STORE_WRONG_KEY', 'wrong key', { cause: err })
    }
    throw new StoreError('STORE_CORRUPT', 'the first page is damaged', { cause: err })
  }
}

function configure(db: Database.Database, cacheKiB: number): void {
  // Before the first page is written: a file made without it has no map to give pages back by (free-pages.ts).
  if (db.pragma('page_count', { simple: true }) === 0) db.pragma('auto_vacuum = INCREMENTAL')
  if (db.pragma('journal_mode = WAL', { simple: true }) !== 'wal') {
    throw new StoreError('STORE_IO', 'the file system does not support a write-ahead log')
  }
  db.pragma('synchronous = FULL')
  db.pragma('fullfsync = ON') // macOS: fsync alone leaves data in the drive's cache
  db.pragma('temp_store = MEMORY') // temporary files would be plaintext
  db.pragma('secure_delete = ON')
  db.pragma('foreign_keys = ON')
  db.pragma(`cache_size = -${cacheKiB}`)
  db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
}

/** The last guard: what is on disk now is encrypted, and its pages have room for their tags. */
function assertSealed(path: string): void {
  const header = readHeader(path)
  if (header.length < HEADER_BYTES || isPlain(header)) throw notEncrypted('the file was written in plain')
  if (header[RESERVED_OFFSET] !== RESERVED_BYTES) throw notEncrypted('the pages are not authenticated')
}

/**
 * The 16 bytes a file starts with (the cipher's salt, of no use with a raw key): a commitment to the key, so that a
 * damaged first page is not mistaken for a wrong key. Reveals nothing: the key is 32 random or derived bytes.
 */
function keyCheck(key: Uint8Array): Uint8Array {
  if (key.length !== STORE_KEY_BYTES) throw new StoreError('STORE_BAD_KEY', 'the database key is not 32 bytes')
  return nodeCrypto.hmacSha256(key, KEY_CHECK_DOMAIN).slice(0, SALT_BYTES)
}

function isPlain(header: Uint8Array): boolean {
  return equalBytes(header.subarray(0, PLAIN_HEADER.length), PLAIN_HEADER)
}

function readHeader(path: string): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES)
  const file = openSync(path, 'r')
  try {
    return header.subarray(0, readSync(file, header, 0, HEADER_BYTES, 0))
  } finally {
    closeSync(file)
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function notEncrypted(why: string, details: Record<string, boolean> = {}): StoreError {
  return new StoreError('STORE_NOT_ENCRYPTED', why, { details })
}
