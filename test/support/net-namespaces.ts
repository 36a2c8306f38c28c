/**
 * Hosts on one switch, as Linux network namespaces. Needs root and iproute2, and says so.
 * No host has a route beyond its own network, as on a LAN without a router.
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

/** @throws if it cannot be built here: a test on it must fail then, not pass by. */
export function netLab(count: number): NetLab {
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
    const bridge = add('b')
    inside(bridge, 'link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0')
    inside(bridge, 'link', 'set', 'br0', 'up')
    const hosts = Array.from({ length: count }, (_, n) => plug(bridge, add(`h${n}`), n))
    return { hosts, stop }
  } catch (cause) {
    stop()
    throw new Error('network namespaces need root and iproute2 (apt-get install iproute2)', { cause })
  }
}

function plug(bridge: string, namespace: string, n: number): NetHost {
  const port = `port${n}`
  inside(bridge, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace)
  inside(bridge, 'link', 'set', port, 'master', 'br0', 'up')
  let address = `10.77.0.${n + 1}`
  let leases = 0
  const nft = (rule: string): void => {
    execFileSync('ip', ['netns', 'exec', namespace, 'nft', rule], { stdio: ['ignore', 'ignore', 'pipe'] })
  }
  inside(namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0')
  inside(namespace, 'link', 'set', 'eth0', 'up')
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
      nft(`add rule inet lossy out oifname "eth0" numgen random mod 100 < ${percent} drop`)
    },
    readdress() {
      const before = address
      address = `10.77.0.${100 + 10 * ++leases + n}`
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

function inside(namespace: string, ...args: readonly string[]): void {
  ip('-n', namespace, ...args)
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
