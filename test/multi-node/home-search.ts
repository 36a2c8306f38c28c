/**
 * Everything a device's home gives to whoever holds its keys: both databases opened and every column of every table
 * read, sealed segments opened, sealed entries and audit payloads too, and the files as they lie there.
 * What is not found here is not on the device's disk. Reads beside a running agent; changes nothing.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { openKeyFile, type DeviceKeys } from '../../src/agent/key-file.ts'
import { toHex } from '../../src/base/bytes.ts'
import { hpkeOpen } from '../../src/platform/hpke.ts'
import { layOutHome } from '../../src/platform/home.ts'
import { nodeClock } from '../../src/platform/node-clock.ts'
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import { openAuditLog } from '../../src/store/audit-log.ts'
import type { Database } from '../../src/store/open-encrypted.ts'
import { eachPayloadIn, withDatabase } from '../support/kept-payloads.ts'
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

function segmentsIn(storeFile: string, keys: DeviceKeys): readonly Buffer[] {
  const found: Buffer[] = []
  eachPayloadIn(storeFile, keys, ({ payload }) => found.push(Buffer.from(payload)))
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
