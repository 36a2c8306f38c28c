/**
 * Page ciphers of SQLite3 Multiple Ciphers, compared: does a flipped bit anywhere make the read fail, and what do
 * inserts and reads cost beside plain SQLite? The evidence of docs/adr/0001-page-cipher.md. `node bench/page-cipher.ts`.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { Measure, Unit } from './support/measure.ts'

const CIPHERS = ['plain', 'chacha20', 'aegis'] as const
type Cipher = (typeof CIPHERS)[number]

export interface CipherSpeed {
  readonly cipher: Cipher
  /** 300-byte rows with an integer key, 500 in a transaction. */
  readonly rowsPerS: number
  /** 32 KiB blobs, one in a transaction, synchronous=FULL: how segments are committed. */
  readonly blobMBPerS: number
  /** Rows by key in random order, the cache far smaller than the file. */
  readonly lookupsPerS: number
  readonly scanMBPerS: number
  readonly openMs: number
  readonly fileBytes: number
}

export interface CipherAuthentication {
  readonly cipher: Cipher
  /** Single-bit flips tried, and the offsets of those that a read of the whole database did not notice. */
  readonly flips: number
  readonly undetectedOffsets: readonly number[]
}

export interface PageCipherResult {
  readonly speed: readonly CipherSpeed[]
  readonly authentication: readonly CipherAuthentication[]
}

/** Interleaved, so that a slow moment of the machine hits every cipher; the median is reported. */
const ROUNDS = 5
const ROWS = 100_000
const ROW_BYTES = 300
const BLOBS = 500
const BLOB_BYTES = 32_768
const LOOKUPS = 50_000
/** Small beside the 36 MB file, so that lookups decrypt pages. */
const CACHE_KIB = 2_048
const SALT_AND_CLEAR_HEADER_BYTES = 24

export const name = 'page-cipher'
export const what =
  'Inserts and reads of each page cipher of SQLite3 Multiple Ciphers beside plain SQLite, the raw limit: 300-byte rows, ' +
  '32 KiB blobs, and whether a flipped bit goes unnoticed (docs/adr/0001-page-cipher.md).'

export async function run(): Promise<readonly Measure[]> {
  const { speed } = await compareCiphers()
  const plain = speed.find(({ cipher }) => cipher === 'plain') as CipherSpeed
  return speed
    .filter(({ cipher }) => cipher !== 'plain')
    .flatMap((one): readonly Measure[] => [
      against(`${one.cipher}, rows inserted`, 'rows/s', one.rowsPerS, plain.rowsPerS),
      against(`${one.cipher}, blobs inserted`, 'MB/s', one.blobMBPerS, plain.blobMBPerS),
      against(`${one.cipher}, rows looked up`, 'rows/s', one.lookupsPerS, plain.lookupsPerS),
      against(`${one.cipher}, scanned`, 'MB/s', one.scanMBPerS, plain.scanMBPerS),
    ])
}

function against(label: string, unit: Unit, ours: number, raw: number): Measure {
  return { label, unit, better: 'higher', ours, raw: { label: 'plain SQLite', value: raw } }
}

async function compareCiphers(): Promise<PageCipherResult> {
  const folder = mkdtempSync(join(tmpdir(), 'page-cipher-'))
  try {
    const rounds = Array.from({ length: ROUNDS }, (_, round) =>
      CIPHERS.map((cipher) => measure(cipher, join(folder, `${cipher}-${round}.db`))),
    )
    const speed = CIPHERS.map((_, i) => medianOf(rounds.map((round) => round[i] as CipherSpeed)))
    return { speed, authentication: CIPHERS.map((cipher) => flipEverywhere(cipher, join(folder, `flip-${cipher}.db`))) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function open(cipher: Cipher, path: string): Database.Database {
  const db = new Database(path)
  if (cipher !== 'plain') {
    db.pragma(`cipher = '${cipher}'`)
    db.pragma(`key = "x'${'5a'.repeat(32)}'"`)
  }
  return db
}

function openTuned(cipher: Cipher, path: string): Database.Database {
  const db = open(cipher, path)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma(`cache_size = -${CACHE_KIB}`)
  return db
}

function measure(cipher: Cipher, path: string): CipherSpeed {
  const db = openTuned(cipher, path)
  db.exec('CREATE TABLE row(id INTEGER PRIMARY KEY, body BLOB); CREATE TABLE blob(id INTEGER PRIMARY KEY, body BLOB)')
  const rowsMs = elapsed(() => insertRows(db))
  const blobsMs = elapsed(() => insertBlobs(db))
  db.close()
  const fileBytes = statSync(path).size
  const openMs = elapsed(() => {
    const again = open(cipher, path)
    again.prepare('SELECT count(*) FROM sqlite_master').get()
    again.close()
  })
  const reader = openTuned(cipher, path)
  const lookupsMs = elapsed(() => lookUp(reader))
  const scanMs = elapsed(() =>
    reader.prepare('SELECT sum(length(body)) FROM row WHERE substr(body, 300) IS NOT NULL').get(),
  )
  reader.close()
  return {
    cipher,
    rowsPerS: ROWS / (rowsMs / 1000),
    blobMBPerS: (BLOBS * BLOB_BYTES) / 1e6 / (blobsMs / 1000),
    lookupsPerS: LOOKUPS / (lookupsMs / 1000),
    scanMBPerS: (ROWS * ROW_BYTES) / 1e6 / (scanMs / 1000),
    openMs,
    fileBytes,
  }
}

function insertRows(db: Database.Database): void {
  const insert = db.prepare('INSERT INTO row(body) VALUES (?)')
  const body = Buffer.alloc(ROW_BYTES, 0xa5)
  const batch = db.transaction(() => {
    for (let i = 0; i < 500; i++) insert.run(body)
  })
  for (let done = 0; done < ROWS; done += 500) batch()
}

function insertBlobs(db: Database.Database): void {
  const insert = db.prepare('INSERT INTO blob(body) VALUES (?)')
  const body = Buffer.alloc(BLOB_BYTES, 0x5a)
  for (let i = 0; i < BLOBS; i++) insert.run(body)
}

function lookUp(db: Database.Database): void {
  const get = db.prepare('SELECT body FROM row WHERE id = ?')
  // A multiplicative step visits the rows out of order, the same way for every cipher.
  for (let i = 0, id = 1; i < LOOKUPS; i++, id = (id * 48_271) % 99_991) get.get(id)
}

function flipEverywhere(cipher: Cipher, path: string): CipherAuthentication {
  const db = open(cipher, path)
  db.exec('CREATE TABLE note(text TEXT)')
  for (let i = 0; i < 4; i++) db.prepare('INSERT INTO note VALUES (?)').run(`note ${i} `.repeat(100))
  db.close()
  const good = readFileSync(path)
  const copy = `${path}.flipped`
  const undetected = new Set<number>()
  let flips = 0
  for (let offset = 0; offset < good.length; offset++) {
    // Every bit of the first bytes, one bit of every other byte.
    const bits = offset < SALT_AND_CLEAR_HEADER_BYTES ? [0, 1, 2, 3, 4, 5, 6, 7] : [offset % 8]
    for (const bit of bits) {
      flips++
      const bytes = Buffer.from(good)
      bytes[offset] = (bytes[offset] as number) ^ (1 << bit)
      writeFileSync(copy, bytes)
      if (readsAll(cipher, copy)) undetected.add(offset)
    }
  }
  return { cipher, flips, undetectedOffsets: [...undetected] }
}

function readsAll(cipher: Cipher, path: string): boolean {
  const db = open(cipher, path)
  try {
    db.prepare('SELECT * FROM note').all()
    return true
  } catch {
    return false // the flip was noticed
  } finally {
    db.close()
  }
}

function elapsed(work: () => unknown): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

function medianOf(runs: readonly CipherSpeed[]): CipherSpeed {
  const middle = (pick: (run: CipherSpeed) => number) =>
    runs.map(pick).toSorted((a, b) => a - b)[Math.floor(runs.length / 2)] as number
  return {
    cipher: (runs[0] as CipherSpeed).cipher,
    rowsPerS: middle((one) => one.rowsPerS),
    blobMBPerS: middle((one) => one.blobMBPerS),
    lookupsPerS: middle((one) => one.lookupsPerS),
    scanMBPerS: middle((one) => one.scanMBPerS),
    openMs: middle((one) => one.openMs),
    fileBytes: middle((one) => one.fileBytes),
  }
}

export function toMarkdown({ speed, authentication }: PageCipherResult): string {
  const rows = speed.map((one) => {
    const flips = authentication.find(({ cipher }) => cipher === one.cipher)
    const cells = [
      one.cipher,
      `${Math.round(one.rowsPerS / 1000)} k`,
      one.blobMBPerS.toFixed(0),
      `${Math.round(one.lookupsPerS / 1000)} k`,
      one.scanMBPerS.toFixed(0),
      one.openMs.toFixed(1),
      (one.fileBytes / 1e6).toFixed(1),
      `${flips?.undetectedOffsets.length} of ${flips?.flips}`,
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [
    '| cipher | rows/s | blob MB/s | lookups/s | scan MB/s | open ms | file MB | offsets with unnoticed flips, of flips tried |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

if (import.meta.main) {
  const result = await compareCiphers()
  console.log(toMarkdown(result))
  for (const { cipher, undetectedOffsets } of result.authentication) {
    if (cipher !== 'plain') console.log(`${cipher}: flips not noticed at offsets [${undetectedOffsets.join(', ')}]`)
  }
}
