/**
 * Acknowledged means durable: an agent killed under load, at moments nobody chose, has every span it answered for, once.
 */
import { afterAll, expect, test } from 'vitest'
import type { AuditVerdictView } from '../../src/agent/http-types/device.ts'
import { openKeyFile } from '../../src/agent/key-file.ts'
import { layOutHome } from '../../src/platform/home.ts'
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import { openEncrypted } from '../../src/store/open-encrypted.ts'
import { AgentLab, type TestAgent } from '../support/agents.ts'
import { newSpans, newTraceId } from '../support/otlp-spans.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { waitFor } from '../support/wait-for.ts'

const ROUNDS = 4
const CLIENTS = 4
/** Spans acknowledged before the kill, at most: enough for a dozen cuts. */
const MAX_ACKNOWLEDGED = 3_000

const lab = new AgentLab()
afterAll(() => lab.close())

interface Client {
  readonly traceId: string
  readonly sent: Set<string>
  readonly acknowledged: Set<string>
}

/** Exports batch after batch until the connection breaks. */
async function exportUntilKilled(owner: TestAgent, service: string, client: Client, random: () => number) {
  for (;;) {
    const batch = newSpans(1 + Math.floor(random() * 20), { traceId: client.traceId })
    for (const { spanId } of batch) client.sent.add(spanId)
    const status = await owner.send(service, batch).catch(() => 'broken' as const)
    if (status === 'broken') return
    if (status === 200) for (const { spanId } of batch) client.acknowledged.add(spanId)
  }
}

test('[OH8] [ST2] an owner killed under load has every acknowledged span once, an unbroken audit log and a sound store', async () => {
  const seed = Number(process.env['AICO_MESH_TEST_SEED'] ?? Date.now() % 2 ** 31)
  const random = seededRandom(seed)
  const owner = await lab.device('owner')
  const clients: Client[] = []

  for (let round = 0; round < ROUNDS; round++) {
    const context = `seed ${seed}, round ${round}`
    const killAfter = 1 + Math.floor(random() * MAX_ACKNOWLEDGED)
    const now = Array.from({ length: CLIENTS }, () => ({
      traceId: newTraceId(),
      sent: new Set<string>(),
      acknowledged: new Set<string>(),
    }))
    const exports = now.map((client, i) => exportUntilKilled(owner, `client-${i}`, client, random))
    await waitFor(`${killAfter} spans to be acknowledged (${context})`, () => acknowledgedBy(now) >= killAfter)
    await owner.end('SIGKILL')
    await Promise.all(exports)
    clients.push(...now)

    await owner.start()
    let shown = 0
    for (const { traceId, sent, acknowledged } of clients) {
      const spans = ((await owner.trace(traceId))?.spans ?? []).map(({ spanId }) => spanId)
      expect(new Set(spans).size, context).toBe(spans.length)
      expect(
        [...acknowledged].filter((id) => !spans.includes(id)),
        context,
      ).toEqual([])
      expect(
        spans.filter((id) => !sent.has(id)),
        context,
      ).toEqual([])
      shown += spans.length
    }
    // Counted in the store itself, where no reader has put copies together yet.
    expect((await owner.status()).store.records, context).toBe(shown)
    const verdict = await owner.call<AuditVerdictView>('POST', '/v1/audit/verify')
    expect(verdict, context).toMatchObject({ ok: true })
  }

  await owner.end('SIGTERM')
  const keys = await openKeyFile(nodeCrypto, owner.home, undefined)
  const { storeFile, auditFile } = layOutHome(owner.home)
  for (const [file, key] of [
    [storeFile, keys.store],
    [auditFile, keys.audit],
  ] as const) {
    const db = openEncrypted(file, key, { mustExist: true })
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
    db.close()
  }
})

function acknowledgedBy(clients: readonly Client[]): number {
  return clients.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0)
}
