import { expect, test } from 'vitest'
import { FRAME_COST_BYTES, FramePace, PACE_PAUSE_MS, PLUGIN_FRAMES_PER_S } from '../../../src/bus/frame-pace.ts'
import { manualClock } from '../../support/manual-clock.ts'

/** Frames of a size that are read before the first pause. */
function atOnce(bytes: number): number {
  const pace = new FramePace(manualClock())
  for (let count = 1; ; count++) if (pace.read(bytes)) return count
}

test('[BU45] as many frames as a second has are read at once, of large ones fewer', () => {
  expect(atOnce(100)).toBe(PLUGIN_FRAMES_PER_S)
  expect(atOnce(FRAME_COST_BYTES)).toBe(PLUGIN_FRAMES_PER_S / 2)
})

test('[BU45] then none until there is room again', async () => {
  const clock = manualClock()
  const pace = new FramePace(clock)
  let room: Promise<void> | undefined
  while (!room) room = pace.read(0)
  let isOver = false
  void room.then(() => (isOver = true))
  await Promise.resolve()
  expect(isOver).toBe(false)
  clock.advance(PACE_PAUSE_MS)
  await room
  expect(isOver).toBe(true)
})
