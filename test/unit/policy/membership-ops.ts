/** Membership operations by short names, for tables: `add('g', 'A', 'B', ['f'])` is A taking in B, knowing `f`. */
import fc from 'fast-check'
import { toHex, utf8 } from '../../../src/base/bytes.ts'
import { toDeviceId, toMeshId, toOpId, type DeviceId, type MeshId, type OpId } from '../../../src/model/ids.ts'
import type { AddOp, FoundOp, MembershipOp, RemoveOp } from '../../../src/model/membership.ts'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'

export const MESH = toMeshId('11'.repeat(16)) as MeshId

export const device = (name: string): DeviceId => toDeviceId(nodeCrypto.sha256(utf8(`device ${name}`))) as DeviceId
export const opId = (name: string): OpId => toOpId(nodeCrypto.sha256(utf8(`op ${name}`))) as OpId

const base = (id: string, author: string, heads: readonly string[]) => ({
  opId: opId(id),
  mesh: MESH,
  author: device(author),
  heads: heads.map(opId),
  atUnixMs: 0,
})
const card = (name: string) => ({
  deviceId: device(name),
  name,
  peerKey: new Uint8Array(32),
  sealKey: new Uint8Array(32),
})

export const found = (id: string, author: string): FoundOp => ({
  kind: 'found',
  ...base(id, author, []),
  card: card(author),
})
export const add = (id: string, author: string, whom: string, heads: readonly string[]): AddOp => ({
  kind: 'add',
  ...base(id, author, heads),
  card: card(whom),
})
export const remove = (id: string, author: string, whom: string, heads: readonly string[]): RemoveOp => ({
  kind: 'remove',
  ...base(id, author, heads),
  subject: device(whom),
})

/** A founds, then takes in each of `others` in turn; the last head is returned with the operations. */
export function meshOf(...others: string[]): { ops: MembershipOp[]; head: string } {
  const ops: MembershipOp[] = [found('found', 'A')]
  let head = 'found'
  for (const other of others) {
    ops.push(add(`add ${other}`, 'A', other, [head]))
    head = `add ${other}`
  }
  return { ops, head }
}

/** Names of hex ids, to make failures readable. */
export const nameOf = (id: DeviceId): string =>
  'ABCDEFGHIJXYZ'.split('').find((name) => device(name) === id) ?? toHex(utf8(id)).slice(0, 8)

/** Up to 24 operations by and about five devices, each upon one to three earlier ones; some hang in the air. */
export function anyHistory(): fc.Arbitrary<MembershipOp[]> {
  const step = fc.record({
    kind: fc.constantFrom('add', 'remove', 'remove', 'loose'),
    author: fc.constantFrom('A', 'B', 'C', 'D', 'E'),
    whom: fc.constantFrom('A', 'B', 'C', 'D', 'E'),
    upon: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
  })
  return fc.array(step, { maxLength: 24 }).map((steps) => {
    const { ops } = meshOf('B', 'C')
    for (const [n, { kind, author, whom, upon }] of steps.entries()) {
      const heads = [...new Set(upon.map((at) => (ops[at % ops.length] as MembershipOp).opId))]
      const make = kind === 'remove' ? remove : add
      ops.push({ ...make(`h${n}`, author, whom, []), heads: kind === 'loose' ? [...heads, opId('none')] : heads })
    }
    return ops
  })
}
