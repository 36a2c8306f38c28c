/** Memory and processor time of processes, from /proc: Linux only. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** Pause between two looks at the memory, in milliseconds. */
const LOOK_EVERY_MS = 100
/** Of the first line of /proc/stat. */
const STEAL_FIELD = 8
const TICKS_PER_S = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

export interface Usage {
  readonly cpuS: number
  /** Resident; of pages that several processes share, such as Node itself, each has its part (`Pss` of Linux). */
  readonly memoryMB: number
  /** Resident, shared pages and all: what a process viewer shows. */
  readonly rssMB: number
}

export function usageOf(pid: number): Usage {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const megabytes = (name: string): number =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1]) * 1024) / 1e6
  // The command's name may hold spaces; the fields are counted from its closing bracket.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return {
    cpuS: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S,
    memoryMB: megabytes('Pss'),
    rssMB: megabytes('Rss'),
  }
}

/** Processor time that processes take while `work` runs, in seconds. Unlike time on the clock, it is ours on a busy machine too. */
export async function cpuDuring<T>(
  pids: readonly number[],
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly cpuS: number }> {
  const before = cpuOf(pids)
  const result = await work()
  return { result, cpuS: cpuOf(pids) - before }
}

function cpuOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + usageOf(pid).cpuS, 0)
}

/**
 * Processor time that the host of this virtual machine has given to others while something here wanted it, in seconds, of all
 * cores together: since the start of the machine.
 */
export function stolenS(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  return Number(line.trim().split(/\s+/)[STEAL_FIELD]) / TICKS_PER_S
}

/** Processes started by `pid`, and by those. */
export function descendantsOf(pid: number): readonly number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
  return children.flatMap((child) => [child, ...descendantsOf(child)])
}

/** The most resident memory that processes have together while `work` runs, in MB: asked for ten times a second. */
export async function memoryDuring<T>(
  pids: readonly number[],
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly peakMB: number }> {
  let peakMB = memoryOf(pids)
  const look = setInterval(() => {
    peakMB = Math.max(peakMB, memoryOf(pids))
  }, LOOK_EVERY_MS)
  try {
    return { result: await work(), peakMB }
  } finally {
    clearInterval(look)
  }
}

export function memoryOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + usageOf(pid).memoryMB, 0)
}

const NAP = new Int32Array(new SharedArrayBuffer(4))
const NAP_MS = 0.01

/** Processor time of the calling thread, in milliseconds. The kernel books it by ticks, or when a thread stops: so it stops for a moment. */
export function threadCpuMs(): number {
  Atomics.wait(NAP, 0, 0, NAP_MS)
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1e3
}
