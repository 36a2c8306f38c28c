/**
 * What Linux tells of a device in /proc, as numbers. Texts of a kernel, which differ by its version and may be cut off: what
 * is not as expected is left out, nothing throws, and no more is kept than the limits say.
 */

/** Devices and interfaces told of, each: a machine with more of them is a server, whose person looks elsewhere. */
export const MAX_PROC_ROWS = 32
/** Longest name of a device or an interface, in characters. */
const MAX_NAME_CHARS = 64
/** Ticks a second of the times in /proc/stat: what every Linux that Node runs on tells user space. */
const TICKS_PER_S = 100
const SECTOR_BYTES = 512
const KIB = 1024

export const CPU_MODES = ['user', 'nice', 'system', 'idle', 'iowait', 'interrupt', 'steal'] as const
export type CpuMode = (typeof CPU_MODES)[number]
/** Seconds since the device began, of all processors together. */
export type CpuTimes = Readonly<Partial<Record<CpuMode, number>>>

export interface MemoryUse {
  readonly totalBytes: number
  readonly usedBytes: number
  readonly freeBytes: number
  /** Given back when a program asks for it. */
  readonly cachedBytes?: number
  readonly buffersBytes?: number
}
/** Bytes since the device began, of one disk or one network interface. */
export interface Traffic {
  readonly name: string
  readonly inBytes: number
  readonly outBytes: number
}

/** /proc/stat: `cpu  user nice system idle iowait irq softirq steal ...`. */
export function parseCpuTimes(text: string): CpuTimes | undefined {
  const line = wholeLines(text).find((each) => each.startsWith('cpu '))
  const ticks = line?.trim().split(/\s+/).slice(1).map(toCount)
  if (ticks === undefined || ticks.length < 4 || ticks.slice(0, 8).includes(undefined)) return undefined
  const [user, nice, system, idle, iowait = 0, irq = 0, softirq = 0, steal = 0] = ticks as number[]
  const of = { user, nice, system, idle, iowait, interrupt: irq + softirq, steal } as Record<CpuMode, number>
  return Object.fromEntries(CPU_MODES.map((mode) => [mode, of[mode] / TICKS_PER_S]))
}

/** /proc/meminfo: `MemTotal:  24682416 kB`. What is in no state of its own is used. */
export function parseMemory(text: string): MemoryUse | undefined {
  const bytes = (name: string): number | undefined => {
    const [, kib] = new RegExp(`^${name}:\\s+(\\d{1,15}) kB$`, 'm').exec(text) ?? []
    return kib === undefined ? undefined : Number(kib) * KIB
  }
  const [totalBytes, freeBytes] = [bytes('MemTotal'), bytes('MemFree')]
  if (totalBytes === undefined || freeBytes === undefined) return undefined
  const [cachedBytes = 0, buffersBytes = 0] = [bytes('Cached'), bytes('Buffers')]
  const usedBytes = totalBytes - freeBytes - cachedBytes - buffersBytes
  return usedBytes < 0 ? undefined : { totalBytes, usedBytes, freeBytes, cachedBytes, buffersBytes }
}

/** /proc/diskstats: whole disks that were used. Partitions are parts of them, and what lies in memory or in a file is not one. */
export function parseDisks(text: string): readonly Traffic[] {
  const rows = wholeLines(text).flatMap((line): readonly Traffic[] => {
    const [, , name = '', ...fields] = line.trim().split(/\s+/)
    return toTraffic(name, fields[2], fields[6], SECTOR_BYTES)
  })
  const names = new Set(rows.map(({ name }) => name))
  return rows.filter(({ name }) => !NO_DISK.test(name) && !names.has(diskOf(name))).slice(0, MAX_PROC_ROWS)
}
const NO_DISK = /^(?:loop|ram|zram|fd|sr)\d/

/** `sda1` is of `sda`, `nvme0n1p2` of `nvme0n1`; a name that ends otherwise is of nothing. */
function diskOf(name: string): string {
  const [, before = '', numbered] = /^(.*?)(?:(?<=\d)p|(?<=\D))(\d+)$/.exec(name) ?? []
  return numbered === undefined ? '' : before
}

/** /proc/net/dev: interfaces that were used, but for the one that leads back to this device. */
export function parseInterfaces(text: string): readonly Traffic[] {
  const rows = wholeLines(text).flatMap((line): readonly Traffic[] => {
    const colon = line.lastIndexOf(':')
    const fields = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/)
    return colon < 0 ? [] : toTraffic(line.slice(0, colon).trim(), fields[0], fields[8], 1)
  })
  return rows.filter(({ name }) => name !== 'lo').slice(0, MAX_PROC_ROWS)
}

function toTraffic(
  name: string,
  read: string | undefined,
  written: string | undefined,
  unit: number,
): readonly Traffic[] {
  const [inward, outward] = [toCount(read), toCount(written)]
  if (name === '' || name.length > MAX_NAME_CHARS || inward === undefined || outward === undefined) return []
  return inward + outward === 0 ? [] : [{ name, inBytes: inward * unit, outBytes: outward * unit }]
}

/** Exact, or nothing. */
function toCount(text: string | undefined): number | undefined {
  const count = text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : NaN
  return Number.isSafeInteger(count) ? count : undefined
}

/** A line that was cut off has wrong numbers at its end. */
function wholeLines(text: string): readonly string[] {
  return text.split('\n').slice(0, -1)
}
