import { describe, expect, test } from 'vitest'
import { isLinkAddress, isLoopback, linkAddress, reachableFirst } from '../../../../src/sync/links/link-address.ts'

const cases = [
  { name: 'an IPv4 address', text: '/ip4/192.168.1.20/tcp/4001', want: true },
  { name: 'an IPv6 address', text: '/ip6/fd00::2/tcp/4001', want: true },
  { name: 'the highest port', text: '/ip4/127.0.0.1/tcp/65535', want: true },
  { name: 'a port that does not exist', text: '/ip4/127.0.0.1/tcp/65536', want: false },
  { name: 'port zero, which nobody listens on', text: '/ip4/127.0.0.1/tcp/0', want: false },
  { name: 'a name, which would be asked of a server', text: '/dns4/example.org/tcp/443', want: false },
  { name: 'a name of names', text: '/dnsaddr/bootstrap.libp2p.io', want: false },
  { name: 'a number that is not an address', text: '/ip4/300.1.1.1/tcp/1', want: false },
  { name: 'IPv6 called IPv4', text: '/ip4/::1/tcp/1', want: false },
  { name: 'IPv4 called IPv6', text: '/ip6/127.0.0.1/tcp/1', want: false },
  { name: 'a relay', text: '/ip4/1.2.3.4/tcp/1/p2p-circuit', want: false },
  { name: 'another transport', text: '/ip4/1.2.3.4/udp/1/quic-v1', want: false },
  { name: 'a peer id at the end', text: '/ip4/1.2.3.4/tcp/1/p2p/12D3KooWxyz', want: false },
  { name: 'a very long text', text: `/ip6/${'f'.repeat(10_000)}/tcp/1`, want: false },
  { name: 'nothing', text: '', want: false },
]

describe('link addresses', () => {
  test.each(cases)('[LK6] $name is dialled: $want', ({ text, want }) => {
    expect(isLinkAddress(text)).toBe(want)
  })

  test('[LK6] are made from an IP address and a port', () => {
    expect(linkAddress('10.0.0.1', 80)).toBe('/ip4/10.0.0.1/tcp/80')
    expect(linkAddress('fd00::1', 80)).toBe('/ip6/fd00::1/tcp/80')
    expect(linkAddress('fe80::1%eth0', 80)).toBeUndefined()
    expect(linkAddress('host.local', 80)).toBeUndefined()
    expect(linkAddress('10.0.0.1', 0)).toBeUndefined()
  })

  test.each([
    ['/ip4/127.0.0.1/tcp/1', true],
    ['/ip4/127.255.0.9/tcp/1', true],
    ['/ip4/0.0.0.0/tcp/1', true],
    ['/ip6/::1/tcp/1', true],
    ['/ip6/0:0:0:0:0:0:0:1/tcp/1', true],
    ['/ip6/0000::0001/tcp/1', true],
    ['/ip6/::/tcp/1', true],
    ['/ip6/::ffff:127.0.0.1/tcp/1', true],
    ['/ip6/::ffff:7f00:1/tcp/1', true],
    ['/ip6/::ffff:0.0.0.0/tcp/1', true],
    ['/ip4/128.0.0.1/tcp/1', false],
    ['/ip4/10.127.0.1/tcp/1', false],
    ['/ip6/::2/tcp/1', false],
    ['/ip6/::ffff:10.0.0.1/tcp/1', false],
    ['/ip4/127.0.0.1/udp/1', false],
    ['/dns4/localhost/tcp/1', false],
  ])('[SE18] %s leads to the dialling host itself: %s', (address, want) => {
    expect(isLoopback(address)).toBe(want)
  })

  test('[LK12] those of this device only come last', () => {
    const [own, lan, own6] = ['/ip4/127.0.0.1/tcp/1', '/ip4/10.0.0.1/tcp/1', '/ip6/::1/tcp/1']
    expect(reachableFirst([own, lan, own6])).toEqual([lan, own, own6])
  })
})
