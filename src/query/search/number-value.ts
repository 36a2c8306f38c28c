/** Decimal numbers as people and programs write them, without losing digits. */
import type { NumberValue, Order } from './condition.ts'

const DECIMAL = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/
const WHOLE = /^-?\d+$/
/** Longest number taken, in characters: any double, and any 64-bit integer. */
export const MAX_NUMBER_CHARS = 32
/** Beyond it no attribute has an integer. */
const LARGEST = 2 ** 64

/** @returns undefined for what is no decimal number, or none a double can hold */
export function readNumber(text: string): NumberValue | undefined {
  if (text.length > MAX_NUMBER_CHARS || !DECIMAL.test(text)) return undefined
  if (WHOLE.test(text)) return BigInt(text)
  const double = Number(text)
  if (!Number.isFinite(double)) return undefined
  return Number.isInteger(double) && Math.abs(double) < LARGEST ? BigInt(double) : double
}

/** Whether `value` stands in this order to `bound`. Integers and doubles compare by what they are worth, exactly. */
export function isOrdered(value: NumberValue, order: Order | '=', bound: NumberValue): boolean {
  switch (order) {
    case '=':
      // oxlint-disable-next-line eslint/eqeqeq -- 200n and 200 are the same number
      return value == bound
    case '<':
      return value < bound
    case '<=':
      return value <= bound
    case '>':
      return value > bound
    case '>=':
      return value >= bound
  }
}
