import { describe, expect, test } from 'vitest'
import { PROBE_AFTER_MS, SILENCE_MS, watchAnswer } from '../../../src/cli/watch-answer.ts'
import { manualClock } from '../../support/manual-clock.ts'

/** A watch, what it asked, and what came of it. */
function watch() {
  const clock = manualClock()
  const asked: ((isThere: boolean) => void)[] = []
  const said: string[] = []
  const end = watchAnswer({
    clock,
    probe(answered) {
      asked.push(answered)
      return () => said.push('given up')
    },
    onSilence: () => said.push('silence'),
  })
  return { clock, asked, said, end }
}

describe('[CL21] an agent', () => {
  test('is not asked before an answer takes long', () => {
    const { clock, asked } = watch()
    clock.advance(PROBE_AFTER_MS - 1)
    expect(asked.length).toBe(0)
    clock.advance(1)
    expect(asked.length).toBe(1)
  })

  test('that says nothing for too long is given up', () => {
    const { clock, said } = watch()
    clock.advance(PROBE_AFTER_MS + SILENCE_MS - 1)
    expect(said).toEqual([])
    clock.advance(1)
    expect(said).toEqual(['given up', 'silence'])
  })

  test('that is there is waited for, and asked again', () => {
    const { clock, asked, said } = watch()
    for (let n = 1; n <= 100; n++) {
      clock.advance(PROBE_AFTER_MS)
      expect(asked.length).toBe(n)
      clock.advance(SILENCE_MS - 1)
      asked.at(-1)?.(true)
    }
    expect(said).toEqual([])
  })

  test('that cannot be asked any more is given up at once', () => {
    const { clock, asked, said } = watch()
    clock.advance(PROBE_AFTER_MS)
    asked[0]?.(false)
    clock.advance(SILENCE_MS)
    expect(said).toEqual(['silence'])
  })

  test.each([
    { when: 'before it is asked', afterMs: 0, want: [] },
    { when: 'while it is asked', afterMs: PROBE_AFTER_MS, want: ['given up'] },
  ])('that answers $when is not asked any more', ({ afterMs, want }) => {
    const { clock, asked, said, end } = watch()
    clock.advance(afterMs)
    const before = asked.length
    end()
    clock.advance(PROBE_AFTER_MS + SILENCE_MS)
    expect([asked.length, said]).toEqual([before, want])
  })
})
