import { networkInterfaces } from 'node:os'
import { expect, test } from 'vitest'
import { goesOverInterface, networkAddresses } from '../../../src/platform/network-addresses.ts'

const loopback = Object.entries(networkInterfaces()).find(([, all]) =>
  all?.some(({ address }) => address === '127.0.0.1'),
)
const name = loopback?.[0] ?? 'lo'
const external = Object.entries(networkInterfaces()).flatMap(([each, all = []]) =>
  all.some(({ internal }) => !internal) ? [each] : [],
)

test.each([
  { what: 'its own network', address: '127.0.0.9', names: [name], is: true },
  { what: 'another interface’s network', address: '127.0.0.9', names: ['other0'], is: false },
  { what: 'no interface at all', address: '127.0.0.9', names: [], is: false },
  { what: 'a network behind a router, and other ways there', address: '203.0.113.9', names: ['other0'], is: false },
  { what: 'what is no address', address: '', names: ['other0'], is: false },
])('[LK23] $what', ({ address, names, is }) => {
  expect(goesOverInterface(address, names)).toBe(is)
})

test('[LK23] a network behind a router, over the only interfaces there are', () => {
  expect(goesOverInterface('203.0.113.9', external)).toBe(external.length > 0)
})

test('[LK22] addresses that lead nowhere else are not among those that are watched', () => {
  expect(networkAddresses()).not.toContain('127.0.0.1')
})
