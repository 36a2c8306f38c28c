import { encode } from 'uqr'
import { describe, expect, test } from 'vitest'
import { displayWidth } from '../../../src/cli/render/display-width.ts'
import { placeBeside, qrLines } from '../../../src/cli/render/qr.ts'

const TICKET = 'aico-mesh:AAECAwQFBgcICQoLDA0ODw'
const HALVES: Readonly<Record<string, readonly [boolean, boolean]>> = {
  '█': [true, true],
  '▀': [true, false],
  '▄': [false, true],
  ' ': [false, false],
}

describe('QR codes', () => {
  test('[QU20] every module is where the code has it, with a quiet zone of four', () => {
    const { data, size } = encode(TICKET, { ecc: 'L', border: 4 })
    const lines = qrLines(TICKET, { width: 80, color: false }) ?? []
    const light = lines.flatMap((line) => {
      const cells = Array.from(line, (cell) => HALVES[cell] ?? [false, false])
      return [cells.map(([top]) => top), cells.map(([, bottom]) => bottom)]
    })
    expect(light.slice(0, size)).toEqual(data.map((row) => row.map((isDark) => !isDark)))
    for (const row of light.slice(0, 4)) expect(row.every(Boolean)).toBe(true)
  })

  test('[QU20] a code wider than the terminal is not drawn', () => {
    const { size } = encode(TICKET, { ecc: 'L', border: 4 })
    expect(qrLines(TICKET, { width: size, color: false })).toBeDefined()
    expect(qrLines(TICKET, { width: size - 1, color: false })).toBeUndefined()
  })

  test('[QU20] in colours it is dark on light whatever the theme', () => {
    const [line] = qrLines(TICKET, { width: 80, color: true }) ?? []
    const [plain] = qrLines(TICKET, { width: 80, color: false }) ?? []
    expect(line).toBe(`\u001B[97;40m${plain}\u001B[0m`)
  })

  test('[QU20] text stands beside the code, in its middle, where there is room, else below', () => {
    const code = ['####', '####', '####']
    expect(placeBeside(code, 4, ['scan me'], 20)).toEqual(['####', '####  scan me', '####'])
    expect(placeBeside(code, 4, ['scan me'], 12)).toEqual(['####', '####', '####', '', 'scan me'])
    expect(placeBeside(['##'], 2, ['a', 'b'], 20)).toEqual(['##  a', '    b'])
  })

  test('[QU20] all lines are equally wide', () => {
    const lines = qrLines(TICKET, { width: 80, color: false }) ?? []
    expect(new Set(lines.map(displayWidth)).size).toBe(1)
  })
})
