/** Sizes as a person types them: 500MiB, 4GiB, 200MB. A unit is needed, for megabytes are meant more often than bytes. */

const SIZE = /^(\d{1,6})([MGT])(i?B)?$/i
const POWERS: Readonly<Record<string, number>> = { m: 2, g: 3, t: 4 }

export function refuseSize(text: string): string | undefined {
  return SIZE.test(text) ? undefined : 'a size such as 500MiB or 4GiB'
}

/** Of one that is not refused; only units that end in `B` without an `i` are those of ten. */
export function parseSize(text: string): number {
  const [, count, unit = '', kind = 'iB'] = SIZE.exec(text) ?? []
  return Number(count) * (kind.toLowerCase() === 'b' ? 1_000 : 1_024) ** (POWERS[unit.toLowerCase()] as number)
}
