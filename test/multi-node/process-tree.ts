/** What Linux says of processes: their children, and the sockets they hold. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface OpenSocket {
  readonly protocol: 'tcp' | 'tcp6' | 'udp' | 'udp6'
  /** Address in hex as the kernel writes it, then a colon and the port in hex. */
  readonly local: string
  readonly isListening: boolean
}

const PROTOCOLS = ['tcp', 'tcp6', 'udp', 'udp6'] as const
/** TCP_LISTEN of include/net/tcp_states.h. */
const LISTENING = '0A'

/** A process and everything it started, and what that started. */
export function treeOf(pid: number): readonly number[] {
  const children = pids().filter((each) => parentOf(each) === pid)
  return [pid, ...children.flatMap(treeOf)]
}

/** False once it has ended, also while nobody has taken note of its end. */
export function isAlive(pid: number): boolean {
  const state = statOf(pid)?.[0]
  return state !== undefined && state !== 'Z' && state !== 'X'
}

/** The network sockets of one process. */
export function socketsOf(pid: number): readonly OpenSocket[] {
  const inodes = new Set(readdirSync(`/proc/${pid}/fd`).flatMap((fd) => inodeOf(`/proc/${pid}/fd/${fd}`)))
  return PROTOCOLS.flatMap((protocol) =>
    readFileSync(`/proc/${pid}/net/${protocol}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((columns) => inodes.has(columns[9] ?? ''))
      .map(([, local = '', , state]) => ({ protocol, local, isListening: state === LISTENING })),
  )
}

function pids(): readonly number[] {
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []))
}

function parentOf(pid: number): number | undefined {
  const parent = statOf(pid)?.[1]
  return parent === undefined ? undefined : Number(parent)
}

/** The fields of /proc/PID/stat after the name, which may hold anything; undefined when the process is gone. */
function statOf(pid: number): readonly string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
  } catch {
    return undefined
  }
}

/** A descriptor may be closed while it is looked at. */
function inodeOf(path: string): readonly string[] {
  try {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(path)) ?? []
    return inode === undefined ? [] : [inode]
  } catch {
    return []
  }
}
