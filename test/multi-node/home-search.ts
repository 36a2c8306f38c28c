/**
 * Everything a device's home gives to whoever holds its keys: both databases opened and every column of every table
 * read, sealed segments opened, sealed entries and audit payloads too, and the files as they lie there.
 * What is not found here is not on the device's disk. Reads beside a running agent; changes nothing.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { decompress } from '../../src/agent/keeper/stored-payload.ts'
import { SegmentSealer } from '../../src/agent/keeper/segment-sealer.ts'
import { openKeyFile, type DeviceKeys } from '../../src/agent/key-file.ts'
import { toHex } from '../../src/base/bytes.ts'
import { hpkeOpen } from '../../src/platform/hpke.ts'
import { layOutHome } from '../../src/platform/home.ts'
import { nodeClock } from '../../src/platform/node-clock.ts'
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import { openAuditLog } from '../../src/store/audit-log.ts'
import { EpochTable } from '../../src/store/epoch-table.ts'
import { LogTable } from '../../src/store/log-table.ts'
import { PackFiles } from '../../src/store/packs/pack-files.ts'
import { SegmentTable } from '../../src/store/segment-table.ts'
import { openEncrypted, type Database } from '../../src/store/open-encrypted.ts'
import { controlAad, controlInfo, decodeControlEntry } from '../../src/wire/control-entry.ts'

/** A frame of Zstandard begins so (RFC 8878, 3.1.1). */
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

export class HomeSearch {
  readonly #texts: readonly Buffer[]

  private constructor(texts: readonly Buffer[]) {
    this.#texts = texts
  }

  static async of(home: string): Promise<HomeSearch> {
    const keys = await openKeyFile(nodeCrypto, home, undefined)
    const { storeFile, auditFile } = layOutHome(home)
    const values = [...columnsOf(storeFile, keys.store), ...columnsOf(auditFile, keys.audit)]
    const opened = await Promise.all(values.map((value) => openSealed(value, keys)))
    return new HomeSearch([
      ...values,
      ...values.flatMap(unpacked),
      ...segmentsIn(storeFile, keys),
      ...opened.flat(),
      ...audited(auditFile, keys),
      ...filesOf(home),
    ])
  }

  /** Bytes are looked for as they are and in hex, which is how ids stand in JSON. */
  holds(needle: Uint8Array | string): boolean {
    const forms = typeof needle === 'string' ? [Buffer.from(needle)] : [Buffer.from(needle), Buffer.from(toHex(needle))]
    return this.#texts.some((text) => forms.some((form) => text.includes(form)))
  }
}

/** The secrets of an owner that nobody else may have without its consent, from its own store. */
export async function secretsOf(home: string): Promise<{
  readonly logIds: readonly Uint8Array[]
  readonly epochKeys: readonly Uint8Array[]
}> {
  return withStore(home, (db) => ({
    logIds: db.prepare<[], Uint8Array>('SELECT log FROM log WHERE own = 1').pluck().all(),
    epochKeys: db.prepare<[], Uint8Array>('SELECT key FROM epoch').pluck().all(),
  }))
}

/** Reads a device's store, whether or not its agent runs. */
export async function withStore<T>(home: string, read: (db: Database) => T): Promise<T> {
  const { store } = await openKeyFile(nodeCrypto, home, undefined)
  return withDatabase(layOutHome(home).storeFile, store, read)
}

function withDatabase<T>(path: string, key: Uint8Array, read: (db: Database) => T): T {
  const db = openEncrypted(path, key, { mustExist: true })
  try {
    return read(db)
  } finally {
    db.close()
  }
}

/** Every value of every row of every table, and the schema. */
function columnsOf(path: string, key: Uint8Array): readonly Buffer[] {
  return withDatabase(path, key, (db) => {
    const tables = db.prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all()
    return ['sqlite_master', ...tables].flatMap((table) =>
      db.prepare<[], unknown[]>(`SELECT * FROM "${table}"`).raw().all().flat().map(toBuffer),
    )
  })
}

function toBuffer(value: unknown): Buffer {
  return value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value))
}

/** What is in the sealed bodies that this device has a key for. */
function segmentsIn(storeFile: string, keys: DeviceKeys): readonly Buffer[] {
  const packs = new PackFiles(join(dirname(storeFile), 'packs'))
  const found = withDatabase(storeFile, keys.store, (db) => {
    const [logs, segments] = [new LogTable(db), new SegmentTable(db)]
    const sealer = new SegmentSealer(nodeCrypto, keys.device, new EpochTable(db))
    const ids = db.prepare<[], number>('SELECT id FROM segment').pluck().all()
    return ids.flatMap((id) => {
      const segment = segments.get(id)
      const sealed = segment && packs.read(segment)
      const opened = sealed && sealer.open(logs.byRow(segment.log), segment, sealed)
      return opened?.ok === true ? [Buffer.from(decompress(opened.body))] : []
    })
  })
  packs.close()
  return found
}

/** What decompresses, wherever in the value it begins. */
function unpacked(value: Buffer): readonly Buffer[] {
  const found: Buffer[] = []
  for (let at = value.indexOf(ZSTD_MAGIC); at >= 0; at = value.indexOf(ZSTD_MAGIC, at + 1)) {
    try {
      found.push(zstdDecompressSync(value.subarray(at)))
    } catch {
      // Four bytes that only look like a frame.
    }
  }
  return found
}

/** The plaintext of a sealed consent or key entry that this device can open. */
async function openSealed(value: Buffer, keys: DeviceKeys): Promise<readonly Buffer[]> {
  let entry
  try {
    ;({ entry } = decodeControlEntry(new Uint8Array(value), nodeCrypto))
  } catch {
    return [] // any other value
  }
  const context = { info: controlInfo(entry), aad: controlAad(entry) }
  const opened = await hpkeOpen(keys.seal, context, { enc: entry.enc, ct: entry.ciphertext })
  return opened === undefined ? [] : [Buffer.from(opened)]
}

function audited(path: string, keys: DeviceKeys): readonly Buffer[] {
  const deps = { crypto: nodeCrypto, clock: nodeClock, bootId: nodeCrypto.randomBytes(8) }
  const audit = openAuditLog(deps, { path, key: keys.audit, payloadKey: keys.auditPayload, mustExist: true })
  try {
    return [...audit.leavesSince(0)].map(({ leaf, payload }) => Buffer.from(JSON.stringify({ leaf, payload })))
  } finally {
    audit.close()
  }
}

function filesOf(home: string): readonly Buffer[] {
  return readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap(({ parentPath, name }) => [Buffer.from(name), readFileSync(join(parentPath, name))])
}
