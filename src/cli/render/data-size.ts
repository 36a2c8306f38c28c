/** Sizes of data in few characters: three digits and the unit that fits. */
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const
const STEP = 1024
/** From here on, three digits round up to four. */
const THREE_NINES = 0.9995

export function formatSize(bytes: number): string {
  let [size, unit] = [bytes, 0]
  for (; size >= STEP * THREE_NINES && unit < UNITS.length - 1; unit++) size /= STEP
  const digits = unit === 0 || size >= 99.95 ? String(Math.round(size)) : String(Number(size.toPrecision(3)))
  return `${digits} ${UNITS[unit] ?? ''}`
}
