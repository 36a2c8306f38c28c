import { describe, expect, test } from 'vitest'
import { deviceNameProblem, MAX_DEVICE_NAME_BYTES } from '../../../src/model/device-name.ts'

const names: readonly { name: string; device: string; problem: string | undefined }[] = [
  { name: 'a word', device: 'laptop', problem: undefined },
  { name: 'words of other scripts, and an emoji', device: '寿司 größe 👩‍🚀', problem: undefined },
  { name: 'the longest', device: 'x'.repeat(MAX_DEVICE_NAME_BYTES), problem: undefined },
  { name: 'one byte more', device: 'x'.repeat(MAX_DEVICE_NAME_BYTES + 1), problem: 'LENGTH' },
  { name: 'bytes count, not characters', device: 'ü'.repeat(MAX_DEVICE_NAME_BYTES / 2 + 1), problem: 'LENGTH' },
  { name: 'nothing', device: '', problem: 'LENGTH' },
  { name: 'a line break', device: 'lap\ntop', problem: 'UNSEEN' },
  { name: 'a change of direction', device: '\u202Epotpal', problem: 'UNSEEN' },
  { name: 'a variation selector behind a letter', device: 'laptop\u{E0100}', problem: 'UNSEEN' },
  { name: 'a blank', device: 'laptop\u2800', problem: 'UNSEEN' },
  { name: 'a space at the end', device: 'laptop ', problem: 'UNSEEN' },
  { name: 'a space at the start', device: ' laptop', problem: 'UNSEEN' },
  { name: 'a whole id', device: '3f7708d5'.repeat(8), problem: 'LIKE_AN_ID' },
  { name: 'the start of an id, as it is shown', device: '3f7708d5', problem: 'LIKE_AN_ID' },
  { name: 'the same in capitals', device: '3F7708D5AA', problem: 'LIKE_AN_ID' },
  { name: 'a word that happens to be of hex digits', device: 'decade', problem: undefined },
  { name: 'hex digits and more', device: '3f7708d5 laptop', problem: undefined },
]

describe('device name', () => {
  test.each(names)('[CT12] $name', ({ device, problem }) => {
    expect(deviceNameProblem(device)).toBe(problem)
  })
})
