import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { requireNode } from '../../../src/sdk/require-node.ts'

test.each(['22.18.0', '22.20.1', '23.0.0', '24.11.0', '100.0.0'])('[BU50] Node %s is new enough', (version) => {
  expect(() => requireNode(version)).not.toThrow()
})

test.each(['20.19.2', '22.17.9', '18.0.0', '', 'x'])('[BU50] Node %j is told to be too old', (version) => {
  expect(() => requireNode(version)).toThrow(expect.objectContaining({ code: 'SDK_NODE_TOO_OLD' }))
})

test('[BU50] the oldest Node is the one that the package names', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', '..', 'package.json'), 'utf8')
  const oldest = (JSON.parse(text) as { engines: { node: string } }).engines.node.replace('>=', '')
  expect(() => requireNode(`${oldest}.0`)).not.toThrow()
  const [major = 0, minor = 0] = oldest.split('.').map(Number)
  expect(() => requireNode(`${major}.${minor - 1}.0`)).toThrow('needs Node')
})
