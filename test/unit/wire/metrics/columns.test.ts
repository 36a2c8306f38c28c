import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BitReader } from '../../../../src/wire/metrics/bit-reader.ts'
import { BitWriter } from '../../../../src/wire/metrics/bit-writer.ts'
import { MAX_INTEGER, readIntegers, writeIntegers } from '../../../../src/wire/metrics/integer-column.ts'
import { readNumbers, writeNumbers } from '../../../../src/wire/metrics/number-column.ts'

function written(write: (writer: BitWriter) => void): Uint8Array {
  const writer = new BitWriter()
  write(writer)
  return writer.finish()
}

function numbersBack(values: readonly number[]): readonly number[] {
  return [...readNumbers(new BitReader(written((writer) => writeNumbers(writer, values))), values.length)]
}

const regular = Array.from({ length: 360 }, (_, i) => 1_795_370_400_000 + i * 10_000)

describe('bits', () => {
  test('[ME20] what is written is read, whatever its width', () => {
    const field = fc
      .integer({ min: 0, max: 53 })
      .chain((width) => fc.tuple(fc.constant(width), fc.bigInt({ min: 0n, max: 2n ** BigInt(width) - 1n }).map(Number)))
    fc.assert(
      fc.property(fc.array(field), (fields) => {
        const reader = new BitReader(
          written((writer) => {
            for (const [width, value] of fields) writer.wide(value, width)
          }),
        )
        for (const [width, value] of fields) expect(reader.wide(width)).toBe(value)
        reader.end()
      }),
    )
  })
  test('[ME20] signed numbers keep their sign up to 2^52', () => {
    for (const value of [0, 1, -1, 2 ** 52 - 1, -(2 ** 52) + 1, 2 ** 31, -(2 ** 32)]) {
      expect(new BitReader(written((writer) => writer.signed(value))).signed()).toBe(value)
    }
  })
})

describe('integers', () => {
  const integer = fc.oneof(
    fc.integer({ min: -100, max: 100 }),
    fc.integer(),
    fc.constantFrom(0, MAX_INTEGER - 1, 1 - MAX_INTEGER),
  )
  test('[ME20] are read as they were', () => {
    fc.assert(
      fc.property(fc.array(integer, { minLength: 1, maxLength: 200 }), (values) => {
        const bytes = written((writer) => writeIntegers(writer, values))
        expect([...readIntegers(new BitReader(bytes), values.length)]).toEqual(values)
      }),
    )
  })
  test('[ME21] times a step apart take a bit in five', () => {
    expect(written((writer) => writeIntegers(writer, regular)).length).toBeLessThan(40)
  })
})

describe('numbers', () => {
  const number = fc.oneof(
    fc.double(),
    fc.integer({ min: -1000, max: 1000 }).map((hundredths) => hundredths / 100),
    fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 5e-324, Number.MAX_VALUE, 2 ** 53),
  )
  test('[ME20] are read bit for bit', () => {
    fc.assert(
      fc.property(fc.array(number, { minLength: 1, maxLength: 200 }), (values) => {
        expect(numbersBack(values)).toEqual(values)
      }),
    )
  })
  test('[ME20] of one kind are read bit for bit', () => {
    for (const kind of [fc.double(), fc.integer(), fc.integer().map((n) => n / 1000), fc.constant(7.25)]) {
      fc.assert(
        fc.property(fc.array(kind, { minLength: 1, maxLength: 150 }), (values) => {
          expect(numbersBack(values)).toEqual(values)
        }),
      )
    }
  })
  test('[ME21] a regular gauge of two places takes under two bytes a sample, its time included', () => {
    const gauge = regular.map((_, i) => Math.round(5000 + 2000 * Math.sin(i / 20) + ((i * 7919) % 61)) / 100)
    const bytes = written((writer) => {
      writeIntegers(writer, regular)
      writeNumbers(writer, gauge)
    })
    expect(bytes.length / regular.length).toBeLessThan(2)
  })
})
