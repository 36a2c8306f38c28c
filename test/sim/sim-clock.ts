/**
 * Time that passes only when told to, for many devices at once. Timers run in the order they fall due; between two moments
 * everything that the first set off has its turn.
 */
import type { Clock } from '../../src/base/clock.ts'

interface Timer {
  dueMs: number
  readonly order: number
  readonly periodMs: number | undefined
  readonly tick: () => void
  isCancelled: boolean
}

export class SimClock {
  #nowMs = 0
  #made = 0
  /** A binary heap, the next due first. */
  readonly #timers: Timer[] = []

  monotonic(): number {
    return this.#nowMs
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#timers.filter(({ isCancelled }) => !isCancelled).length
  }

  /** Lets time pass. @param settle called after each moment at which something was due */
  async advance(ms: number, settle: () => Promise<void>): Promise<void> {
    const untilMs = this.#nowMs + ms
    for (;;) {
      const next = this.#timers[0]
      if (next === undefined || next.dueMs > untilMs) break
      if (next.dueMs > this.#nowMs) this.#nowMs = next.dueMs
      this.#runDue()
      await settle()
    }
    this.#nowMs = untilMs
  }

  /** A device's own view: its wall clock may be wrong, and nothing ticks where nobody lives. */
  of(device: { readonly wallMs: (monotonicMs: number) => number; readonly isAlive: () => boolean }): Clock {
    const whileAlive = (tick: () => void) => () => {
      if (device.isAlive()) tick()
    }
    return {
      now: () => device.wallMs(this.#nowMs),
      monotonic: () => this.#nowMs,
      every: (periodMs, tick) => this.#add(periodMs, periodMs, whileAlive(tick)),
      after: (delayMs, tick) => this.#add(delayMs, undefined, whileAlive(tick)),
    }
  }

  #add(delayMs: number, periodMs: number | undefined, tick: () => void): () => void {
    const timer: Timer = { dueMs: this.#nowMs + delayMs, order: this.#made++, periodMs, tick, isCancelled: false }
    this.#push(timer)
    return () => {
      timer.isCancelled = true
    }
  }

  /** Everything due at this moment. */
  #runDue(): void {
    for (;;) {
      const next = this.#timers[0]
      if (next === undefined || next.dueMs > this.#nowMs) return
      this.#pop()
      if (next.isCancelled) continue
      if (next.periodMs !== undefined) this.#push(Object.assign(next, { dueMs: next.dueMs + next.periodMs }))
      next.tick()
    }
  }

  #push(timer: Timer): void {
    const heap = this.#timers
    let at = heap.push(timer) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(timer, heap[parent] as Timer)) break
      heap[at] = heap[parent] as Timer
      at = parent
    }
    heap[at] = timer
  }

  #pop(): void {
    const heap = this.#timers
    const last = heap.pop() as Timer
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child++
      if (!isBefore(heap[child] as Timer, last)) break
      heap[at] = heap[child] as Timer
      at = child
    }
    heap[at] = last
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.dueMs === b.dueMs ? a.order < b.order : a.dueMs < b.dueMs
}
