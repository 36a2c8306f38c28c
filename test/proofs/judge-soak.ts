/** What a soak has shown: which of its promises were broken, and the figures. */
import { growthOf, lowsOf } from '../../bench/support/growth.ts'
import type { ProofResult } from './proof.ts'
import type { Look, Soaked } from './soak-device.ts'

/** Part of the load in which memory is still filling caches and is not judged. */
const WARM_UP_SHARE = 0.2
/** What may seem to grow, in MB, because no garbage collection happened to be seen. */
const MAX_GROWTH_MB = 16
/** The same within a minute, which sees few of them. */
const MAX_GROWTH_OF_MINUTE_MB = 64
/** Longest time that a thread may be held up, in milliseconds. */
const MAX_STALL_MS = 100
/** Part of the seconds in which the machine must not have held everybody up for as long, or nothing can be judged. */
const MIN_OWN_SHARE = 0.5
const BYTES_PER_MB = 1e6

/**
 * @param strict false where other programs take the processor away and a minute is all there is: then being held up and
 *   being refused for a moment are no failures, and memory may seem to grow more
 */
export function judgeSoak(soaked: Soaked, strict: boolean): Pick<ProofResult, 'failures' | 'facts'> {
  const looks = soaked.looks.slice(Math.floor(soaked.looks.length * WARM_UP_SHARE))
  const growth = growthMB(looks)
  const stalls = longestStalls(looks, machineMs)
  const ownShare = looks.filter((look) => machineMs(look) <= MAX_STALL_MS).length / looks.length
  const maxGrowthMB = strict ? MAX_GROWTH_MB : MAX_GROWTH_OF_MINUTE_MB
  return {
    failures: [
      ...growth.filter(([, mb]) => mb > maxGrowthMB).map(([name, mb]) => `${name} grew by ${mb.toFixed(1)} MB`),
      ...(strict ? hindrancesOf(soaked, stalls, ownShare) : []),
      ...lossesOf(soaked),
    ],
    facts: { ...factsOf(soaked, growth, stalls), ...residentFacts(looks), ...machineFacts(looks) },
  }
}

type Named = readonly (readonly [name: string, value: number])[]

function growthMB(looks: readonly Look[]): Named {
  const grown = (pick: (look: Look) => number, of = looks): number => growthOf(of.map(pick)) / BYTES_PER_MB
  const second = looks.slice(looks.length >> 1)
  return [
    ['heap of the main thread', grown(({ main }) => main.heapUsedBytes)],
    ['buffers of the main thread', grown(({ main }) => main.buffersBytes)],
    ['heap of the store thread', grown(({ store }) => store.heapUsedBytes)],
    ['buffers of the store thread', grown(({ store }) => store.buffersBytes)],
    ['what waits for the store thread', grown(({ waitingBytes }) => waitingBytes)],
    // What the allocator keeps apart comes to rest later than what is in use.
    ['resident memory of the agent in the second half', grown(({ rssBytes }) => rssBytes, second)],
    ['resident memory of devtools in the second half', grown(({ devtoolsBytes }) => devtoolsBytes, second)],
  ]
}

/** What in a second was not the agent's: the processor was given to others, or the disk took its time for next to nothing. */
function machineMs({ stolenMs, bystanderMs }: Look): number {
  return stolenMs + bystanderMs
}

/** @param less what is taken off a second's delay */
function longestStalls(looks: readonly Look[], less: (look: Look) => number = () => 0): Named {
  return (['main', 'store'] as const).map((thread) => [
    thread,
    Math.max(0, ...looks.map((look) => look[thread].delayMaxMs - less(look))),
  ])
}

function hindrancesOf({ load }: Soaked, stalls: Named, ownShare: number): readonly string[] {
  return [
    ...(ownShare < MIN_OWN_SHARE ? ['the machine held everybody up most of the time: try a quiet one'] : []),
    ...stalls
      .filter(([, ms]) => ms > MAX_STALL_MS)
      .map(([name, ms]) => `the ${name} thread was held up for ${ms.toFixed(0)} ms more than the machine explains`),
    ...(load.busy === 0 ? [] : [`${load.busy} exports were refused for a moment at half load`]),
  ]
}

function lossesOf({ acknowledged, kept, dropped, incompleteTraces }: Soaked): readonly string[] {
  const said = `${acknowledged} spans were acknowledged, ${kept} are kept and ${dropped} dropped for want of room`
  return [
    ...(kept + dropped === acknowledged ? [] : [said]),
    ...(incompleteTraces === 0 ? [] : [`${incompleteTraces} traces are shown without all of their spans`]),
  ]
}

function factsOf(soaked: Soaked, growth: Named, stalls: Named): ProofResult['facts'] {
  const { load, fullPerS, acknowledged, kept, dropped, queries } = soaked
  return {
    'spans a second, at most': Math.round(fullPerS),
    'spans a second, kept up': Math.round(load.recordsPerS),
    'spans acknowledged': acknowledged,
    'spans kept': kept,
    'spans dropped for want of room': dropped,
    queries,
    'acknowledged, p50': `${load.ackP50Ms.toFixed(1)} ms`,
    'acknowledged, p99': `${load.ackP99Ms.toFixed(1)} ms`,
    ...Object.fromEntries(
      stalls.map(([name, ms]) => [`${name} thread held up by its own work, longest`, `${ms.toFixed(1)} ms`]),
    ),
    ...Object.fromEntries(growth.map(([name, mb]) => [`growth: ${name}`, `${mb.toFixed(1)} MB`])),
  }
}

/** Whether what grows comes to rest can be seen from one tenth to the next. */
function residentFacts(looks: readonly Look[]): ProofResult['facts'] {
  const lows = lowsOf(looks.map(({ rssBytes }) => rssBytes))
  return {
    'resident memory of the agent, lowest of each tenth': `${lows.map((bytes) => (bytes / BYTES_PER_MB).toFixed(0)).join(', ')} MB`,
  }
}

/** What the machine was, not the agent. */
function machineFacts(looks: readonly Look[]): ProofResult['facts'] {
  const longest = Math.max(...looks.map(({ bystanderMs }) => bystanderMs))
  return {
    ...Object.fromEntries(
      longestStalls(looks).map(([name, ms]) => [
        `${name} thread held up, the machine's part included`,
        `${ms.toFixed(1)} ms`,
      ]),
    ),
    'a bystander held up by the machine, longest': `${longest.toFixed(1)} ms`,
    'seconds in which the machine held everybody up for over 100 ms': `${looks.filter((look) => machineMs(look) > MAX_STALL_MS).length} of ${looks.length}`,
  }
}
