/** A part of a whole, as a number from 0 to 1 or in percent: `0.1`, `10%`. */
const RATIO = /^(\d{1,3}(?:\.\d{1,9})?|\.\d{1,9})(%?)$/

/** @param text one that {@link refuseRatio} takes */
export function parseRatio(text: string): number {
  const [, number = '', percent] = RATIO.exec(text) ?? []
  return percent === '%' ? Number(number) / 100 : Number(number)
}

export function refuseRatio(text: string): string | undefined {
  return RATIO.test(text) && parseRatio(text) <= 1 ? undefined : 'a number from 0 to 1, or a percentage such as 10%'
}
