/** What the modules of the benchmark `bus` say to each other, over the agent and over bare sockets alike. */

/** Told one after the other, before the receiver says that it has them: fewer than a module may have waiting. */
export const BLOCK = 512
/** Requests under way at once. */
export const AT_ONCE = 64
/** A sentence, and what comes with it. */
export const PAYLOAD = new Uint8Array(200).fill(0x61)

/** What a caller is to do. */
export type Work = 'tell' | 'ask-many' | 'ask-one'

/** One of the two ways: through the agent, or bare. */
export interface Peer {
  /** Resolves once the other side has had all of {@link BLOCK} messages. */
  tellBlock(): Promise<void>
  /** Resolves with the other side's answer. */
  ask(): Promise<unknown>
}

export interface Measured {
  /** Messages told or requests answered. */
  readonly count: number
  readonly tookMs: number
  /** Of requests one by one: the median. */
  readonly medianUs: number
  /** Processor time. */
  readonly cpuS: number
}

/** Works for a while to warm up, says so, and measures: two lines of JSON. */
export async function measure(peer: Peer, work: Work, ms: number): Promise<void> {
  await workFor(peer, work, ms / 2)
  process.stdout.write('{"event":"warm"}\n')
  const before = process.cpuUsage()
  const measured = await workFor(peer, work, ms)
  const { user, system } = process.cpuUsage(before)
  process.stdout.write(`${JSON.stringify({ ...measured, cpuS: (user + system) / 1e6 } satisfies Measured)}\n`)
}

async function workFor(peer: Peer, work: Work, ms: number): Promise<Omit<Measured, 'cpuS'>> {
  const began = performance.now()
  const untilMs = began + ms
  const times: number[] = []
  let count = 0
  const askOn = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      const startedMs = performance.now()
      await peer.ask()
      times.push(performance.now() - startedMs)
      count++
    }
  }
  if (work === 'tell') {
    for (; performance.now() < untilMs; count += BLOCK) await peer.tellBlock()
  } else {
    await Promise.all(Array.from({ length: work === 'ask-many' ? AT_ONCE : 1 }, askOn))
  }
  const tookMs = performance.now() - began
  times.sort((a, b) => a - b)
  return { count, tookMs, medianUs: (times[Math.floor(times.length / 2)] ?? 0) * 1_000 }
}
