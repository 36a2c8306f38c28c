import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { payloadCommitment } from '../../../src/audit/payload-commitment.ts'
import { toHex, utf8 } from '../../../src/base/bytes.ts'
import { sha256 } from './reference-tree.ts'

const salt = new Uint8Array(32).fill(5)

test('[AU9] the commitment is SHA-256 over 0x02, the salt and the payload', () => {
  const expected = createHash('sha256').update('02', 'hex').update(salt).update('{"name":"Ada"}').digest('hex')
  expect(toHex(payloadCommitment(sha256, salt, utf8('{"name":"Ada"}')))).toBe(expected)
})

test('[AU9] another salt or payload commits to something else', () => {
  const commit = (saltByte: number, text: string) =>
    toHex(payloadCommitment(sha256, new Uint8Array(32).fill(saltByte), utf8(text)))
  expect(new Set([commit(1, 'a'), commit(2, 'a'), commit(1, 'b')]).size).toBe(3)
})
