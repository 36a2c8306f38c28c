/**
 * Hosts on one switch, or on several, as Linux network namespaces. Needs root and iproute2, and says so.
 * No host has a route beyond its own networks, as on a LAN without a router.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'

export interface NetHost {
  readonly namespace: string
  readonly address: string
  /** Starts a TypeScript file on the host. */
  run(file: URL, args: readonly string[]): ChildProcess
  ip(...args: string[]): void
  /** Loses so many of a hundred packets that leave the host; 0 ends it. */
  lose(percent: number): void
  /** Gives the host another address on the same network, as a new lease would. @returns it */
  readdress(): string
}

export interface NetLab {
  readonly hosts: readonly NetHost[]
  stop(): void
}

/**
 * @param plan how many hosts on one network, or for each host the networks that it is on: none leads to another
 * @throws if it cannot be built here: a test on it must fail then, not pass by.
 */
export function netLab(plan: number | readonly (readonly number[])[]): NetLab {
  const networksOf = typeof plan === 'number' ? Array.from({ length: plan }, () => [0]) : plan
  const id = process.pid.toString(36)
  const made: string[] = []
  const stop = (): void => {
    for (const namespace of made.splice(0)) ip('netns', 'del', namespace)
  }
  const add = (name: string): string => {
    const namespace = `am${id}${name}`
    ip('netns', 'add', namespace)
    made.push(namespace)
    inside(namespace, 'link', 'set', 'lo', 'up')
    return namespace
  }
  try {
    const switches = add('b')
    for (const network of new Set(networksOf.flat())) {
      inside(switches, 'link', 'add', `br${network}`, 'type', 'bridge', 'mcast_snooping', '0')
      inside(switches, 'link', 'set', `br${network}`, 'up')
    }
    const hosts = networksOf.map((networks, n) => hostOn(switches, add(`h${n}`), n, networks))
    return { hosts, stop }
  } catch (cause) {
    stop()
    throw new Error('network namespaces need root and iproute2 (apt-get install iproute2)', { cause })
  }
}

function hostOn(switches: string, namespace: string, n: number, networks: readonly number[]): NetHost {
  const [first = 0] = networks
  networks.forEach((network, at) => plug(switches, namespace, { network, n, device: `eth${at}` }))
  let address = addressOf(first, n)
  let leases = 0
  const nft = (rule: string): void => {
    execFileSync('ip', ['netns', 'exec', namespace, 'nft', rule], { stdio: ['ignore', 'ignore', 'pipe'] })
  }
  return {
    namespace,
    get address() {
      return address
    },
    ip: (...args) => inside(namespace, ...args),
    lose(percent) {
      nft('add table inet lossy; flush table inet lossy; delete table inet lossy')
      if (percent === 0) return
      nft('add table inet lossy')
      nft('add chain inet lossy out { type filter hook output priority 0 ; policy accept ; }')
      nft(`add rule inet lossy out oifname "eth*" numgen random mod 100 < ${percent} drop`)
    },
    readdress() {
      const before = address
      address = addressOf(first, 100 + 10 * leases++ + n)
      inside(namespace, 'addr', 'del', `${before}/24`, 'dev', 'eth0')
      inside(namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0')
      return address
    },
    run: (file, args) =>
      spawn('ip', ['netns', 'exec', namespace, process.execPath, file.pathname, ...args], {
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
  }
}

interface Plug {
  readonly network: number
  readonly n: number
  readonly device: string
}

function plug(switches: string, namespace: string, { network, n, device }: Plug): void {
  const port = `port${network}-${n}`
  inside(switches, 'link', 'add', port, 'type', 'veth', 'peer', 'name', device, 'netns', namespace)
  inside(switches, 'link', 'set', port, 'master', `br${network}`, 'up')
  inside(namespace, 'addr', 'add', `${addressOf(network, n)}/24`, 'dev', device)
  inside(namespace, 'link', 'set', device, 'up')
}

function addressOf(network: number, n: number): string {
  return `10.77.${network}.${n + 1}`
}

function inside(namespace: string, ...args: readonly string[]): void {
  ip('-n', namespace, ...args)
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
