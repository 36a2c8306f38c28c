import { expect, test } from 'vitest'
import { chooseEndpoint, ipcEndpoint, MAX_SOCKET_PATH_BYTES } from '../../../src/bus/bus-address.ts'
import { createModuleCredential } from '../../../src/bus/module-credential.ts'
import { toZ85 } from '../../../src/bus/z85.ts'
import { readCredential } from '../../../src/wire/bus-credential.ts'

test('[BU3] a path at its limit is a socket, one byte more is none, and neither is anything on win32', () => {
  const dirOf = (bytes: number) => `/${'d'.repeat(bytes - '/'.length - '/core.sock'.length)}`
  const path = `${dirOf(MAX_SOCKET_PATH_BYTES)}/core.sock`
  expect(path).toHaveLength(MAX_SOCKET_PATH_BYTES)
  expect(ipcEndpoint(dirOf(MAX_SOCKET_PATH_BYTES), 'core', 'linux')).toBe(`ipc://${path}`)
  expect(ipcEndpoint(dirOf(MAX_SOCKET_PATH_BYTES + 1), 'core', 'linux')).toBeUndefined()
  expect(ipcEndpoint(`/${'é'.repeat(50)}`, 'core', 'linux'), 'bytes count, not characters').toBeUndefined()
  expect(ipcEndpoint('/run', 'core', 'win32')).toBeUndefined()
})

test('[BU3] without a socket the endpoint is a loopback port, chosen once', async () => {
  expect(await chooseEndpoint('/run', 'core', 'win32')).toMatch(/^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/)
  expect(await chooseEndpoint('/run', 'core', 'linux')).toBe('ipc:///run/core.sock')
})

test('[BU4] a new credential reads back, and shares no secret with the record', () => {
  const { record, credential } = createModuleCredential('core', 'ipc:///run/core.sock')
  expect(readCredential(JSON.parse(JSON.stringify(credential)))).toEqual({ credential })
  expect(record.clientPublicKey).toBe(credential.publicKey)
  expect(Object.values(record)).not.toContain(credential.secretKey)
  expect(Object.values(credential)).not.toContain(record.serverSecretKey)
})

test.each([
  { name: 'Core', endpoint: 'ipc:///run/x.sock', field: 'name' },
  { name: 'otlp/core', endpoint: 'ipc:///run/x.sock', field: 'name' },
  { name: 'core', endpoint: 'tcp://0.0.0.0:1', field: 'endpoint' },
])('[BU4] no credential for $name at $endpoint', ({ name, endpoint, field }) => {
  expect(() => createModuleCredential(name, endpoint)).toThrow(
    expect.objectContaining({ code: 'BUS_RECORD_INVALID', details: { field } }),
  )
})

test('[BU1] Z85 is that of ZeroMQ RFC 32', () => {
  expect(toZ85(Uint8Array.of(0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b))).toBe('HelloWorld')
  expect(toZ85(new Uint8Array(32).fill(255))).toBe('%nSc0'.repeat(8))
  expect(toZ85(new Uint8Array(4))).toBe('00000')
})
