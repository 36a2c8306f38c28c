import { describe, expect, test } from 'vitest'
import { readCredential } from '../../../src/wire/bus-credential.ts'

const key = '0123456789abcdefghijklmnopqrstuvwxyzABCD'
const good = {
  v: 1,
  module: 'core',
  endpoint: 'ipc:///run/bus/core.sock',
  serverPublicKey: key,
  publicKey: key.replace('0', '}'),
  secretKey: key.replace('0', '#'),
}

describe('readCredential', () => {
  test('[BU4] takes the known fields and leaves the others', () => {
    expect(readCredential({ ...good, later: 1 })).toEqual({ credential: good })
    expect(readCredential({ ...good, endpoint: 'tcp://127.0.0.1:5555' })).toHaveProperty('credential')
  })

  test.each([
    { field: 'v', value: 2 },
    { field: 'module', value: '../core' },
    { field: 'module', value: 'Core' },
    { field: 'endpoint', value: 'tcp://192.168.0.1:5555' },
    { field: 'endpoint', value: 'tcp://127.0.0.1:5555@evil' },
    { field: 'endpoint', value: undefined },
    { field: 'serverPublicKey', value: key.slice(1) },
    { field: 'publicKey', value: `${key.slice(1)}"` },
    { field: 'secretKey', value: 5 },
  ])('[BU4] refuses $value as $field', ({ field, value }) => {
    expect(readCredential({ ...good, [field]: value })).toEqual({ bad: field })
  })

  test.each([null, undefined, 'text', 5, []])('[BU4] refuses %j altogether', (json) => {
    expect(readCredential(json)).toEqual({ bad: 'v' })
  })
})
