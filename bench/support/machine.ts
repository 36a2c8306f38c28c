/** The machine a figure was measured on. A figure without these facts means nothing. */
import { readFileSync } from 'node:fs'
import { cpus, loadavg, platform, release, totalmem } from 'node:os'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  readonly node: string
  readonly date: string
  /** One-minute load average at the start: anything near the number of cores means that others were at work. */
  readonly loadAtStart: number
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${distribution()} (${platform()} ${release()})`,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    loadAtStart: loadavg()[0] as number,
  }
}

export function machineLine({ cpu, cores, memoryGiB, system, node, date, loadAtStart }: Machine): string {
  const load = `load average at start ${loadAtStart.toFixed(2)}`
  return `${date}, ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node.slice(1)}, ${load}`
}

/** Why a comparison with an older measurement may say something about the machine instead of the code. */
export function doubtsAbout(now: Machine, before: Machine | undefined): readonly string[] {
  const isBusy = now.loadAtStart > now.cores
  const isOther = before !== undefined && (before.cpu !== now.cpu || before.cores !== now.cores)
  return [
    ...(isBusy ? [`others are at work: a load average of ${now.loadAtStart.toFixed(1)} on ${now.cores} cores`] : []),
    ...(isOther ? [`the baseline is of another machine: ${before.cpu}, ${before.cores} cores`] : []),
  ]
}

function distribution(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown'
  } catch {
    return 'unknown' // not Linux
  }
}
