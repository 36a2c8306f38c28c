/**
 * How this device and this process fare, read once: from /proc where there is one, else from what Node offers everywhere.
 * What a system does not tell is left out. Files are read no further than their limit.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { cpus, freemem, totalmem, uptime } from 'node:os'
import { performance } from 'node:perf_hooks'
import { getHeapSpaceStatistics } from 'node:v8'
import {
  parseCpuTimes,
  parseDisks,
  parseInterfaces,
  parseMemory,
  type CpuTimes,
  type MemoryUse,
  type Traffic,
} from './parse-proc.ts'

/** Bytes read of a file of /proc: hundreds of rows. */
const MAX_PROC_BYTES = 65_536
const MS_PER_S = 1_000
const MICROS_PER_S = 1e6

export interface FileSystemUse {
  readonly usedBytes: number
  readonly freeBytes: number
  /** Kept by the system for itself. */
  readonly reservedBytes: number
}
export interface HostReading {
  readonly uptimeS: number
  readonly cpu: CpuTimes | undefined
  readonly memory: MemoryUse
  /** Of the file system that the home is in. */
  readonly fileSystem: FileSystemUse | undefined
  /** None where the system has no /proc. */
  readonly disks: readonly Traffic[]
  readonly interfaces: readonly Traffic[]
}
export interface ProcessReading {
  readonly uptimeS: number
  readonly cpuUserS: number
  readonly cpuSystemS: number
  readonly residentBytes: number
  /** Of the main thread, since the process began. */
  readonly loopActiveS: number
  readonly loopIdleS: number
  /** Of the main thread. */
  readonly heap: readonly { readonly space: string; readonly usedBytes: number }[]
}

/** @param folder in the file system that is meant. Never throws. */
export async function readHost(folder: string): Promise<HostReading> {
  const fileSystem = await readFileSystem(folder)
  return {
    uptimeS: uptime(),
    cpu: parseCpuTimes(readProc('stat')) ?? cpuTimesOfNode(),
    memory: parseMemory(readProc('meminfo')) ?? memoryOfNode(),
    fileSystem,
    disks: parseDisks(readProc('diskstats')),
    interfaces: parseInterfaces(readProc('net/dev')),
  }
}

/** Of the thread that calls it, and of the process. */
export function readProcess(): ProcessReading {
  const { user, system } = process.cpuUsage()
  const { active, idle } = performance.eventLoopUtilization()
  return {
    uptimeS: process.uptime(),
    cpuUserS: user / MICROS_PER_S,
    cpuSystemS: system / MICROS_PER_S,
    residentBytes: process.memoryUsage.rss(),
    loopActiveS: active / MS_PER_S,
    loopIdleS: idle / MS_PER_S,
    heap: heapSpaces(),
  }
}

/** How much of a file system is taken, as far as the system says. */
export async function readFileSystem(folder: string): Promise<FileSystemUse | undefined> {
  try {
    const { bsize, blocks, bfree, bavail } = await statfs(folder)
    return { usedBytes: (blocks - bfree) * bsize, freeBytes: bavail * bsize, reservedBytes: (bfree - bavail) * bsize }
  } catch {
    return undefined // some file systems do not say
  }
}

/**
 * Empty where there is none, or it may not be read. On this thread: they lie in memory, and asking another one for them takes
 * longer than reading them.
 */
function readProc(name: string): string {
  try {
    const file = openSync(`/proc/${name}`, 'r')
    try {
      const bytes = Buffer.allocUnsafe(MAX_PROC_BYTES)
      return bytes.toString('latin1', 0, readSync(file, bytes, 0, MAX_PROC_BYTES, 0))
    } finally {
      closeSync(file)
    }
  } catch {
    return ''
  }
}

function cpuTimesOfNode(): CpuTimes | undefined {
  const times = cpus().map((cpu) => cpu.times)
  if (times.length === 0) return undefined
  const seconds = (name: keyof (typeof times)[number]): number =>
    times.reduce((sum, each) => sum + each[name], 0) / MS_PER_S
  return {
    user: seconds('user'),
    nice: seconds('nice'),
    system: seconds('sys'),
    idle: seconds('idle'),
    interrupt: seconds('irq'),
  }
}

function memoryOfNode(): MemoryUse {
  const [totalBytes, freeBytes] = [totalmem(), freemem()]
  return { totalBytes, usedBytes: totalBytes - freeBytes, freeBytes }
}

/** Those that hold something: most of them never do. */
function heapSpaces(): ProcessReading['heap'] {
  return getHeapSpaceStatistics()
    .filter((space) => space.space_used_size > 0)
    .map(({ space_name: space, space_used_size: usedBytes }) => ({ space, usedBytes }))
}
