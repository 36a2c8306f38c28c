/**
 * Sets of segments as runs: first and last of each, both included, flat and ascending, with at least one number missing between
 * two runs. A set of neighbours costs two numbers however large it is, which is what most sets of an index are.
 */

/** `[from, to, from, to, ...]` */
export type Runs = readonly number[]

/** At the end of a set; `from` is above all that is in it. Neighbours become one run. */
export function addRun(runs: number[], from: number, to: number): void {
  const last = runs.length - 1
  if (last >= 0 && runs[last] === from - 1) runs[last] = to
  else runs.push(from, to)
}

export function countOf(runs: Runs): number {
  let count = 0
  for (let i = 0; i < runs.length; i += 2) count += (runs[i + 1] as number) - (runs[i] as number) + 1
  return count
}

/** Each number of the set, ascending. */
export function numbersOf(runs: Runs, onto: number[] = []): number[] {
  for (let i = 0; i < runs.length; i += 2) {
    const to = runs[i + 1] as number
    for (let n = runs[i] as number; n <= to; n++) onto.push(n)
  }
  return onto
}

/** What is in either. */
export function unite(a: Runs, b: Runs): Runs {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a
  const runs: number[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    const takesA = j >= b.length || (i < a.length && (a[i] as number) <= (b[j] as number))
    if (takesA) addOverlapping(runs, a[i] as number, a[i + 1] as number)
    else addOverlapping(runs, b[j] as number, b[j + 1] as number)
    if (takesA) i += 2
    else j += 2
  }
  return runs
}

/** What is in both. Costs little more than the shorter one, however long the other is. */
export function intersect(a: Runs, b: Runs): Runs {
  const [few, many] = a.length <= b.length ? [a, b] : [b, a]
  const runs: number[] = []
  let j = 0
  for (let i = 0; i < few.length; i += 2) {
    const from = few[i] as number
    const to = few[i + 1] as number
    for (j = firstEndingFrom(many, from, j); j < many.length && (many[j] as number) <= to; j += 2) {
      runs.push(Math.max(from, many[j] as number), Math.min(to, many[j + 1] as number))
      if ((many[j + 1] as number) >= to) break // the next of the few may begin in this one
    }
  }
  return runs
}

/** The set without what is at or above `end`. */
export function below(runs: Runs, end: number): Runs {
  return intersect(runs, [0, end - 1])
}

function addOverlapping(runs: number[], from: number, to: number): void {
  const last = runs.length - 1
  if (last < 0 || (runs[last] as number) < from - 1) runs.push(from, to)
  else if ((runs[last] as number) < to) runs[last] = to
}

/** Where the first run is that ends at or above `number`, from `start` on: by strides that double, then by halves. */
function firstEndingFrom(runs: Runs, number: number, start: number): number {
  let stride = 2
  let low = start
  while (low + stride < runs.length && (runs[low + stride + 1] as number) < number) {
    low += stride
    stride *= 2
  }
  let high = Math.min(runs.length, low + stride)
  while (low < high) {
    const middle = ((low + high) >> 2) * 2
    if ((runs[middle + 1] as number) < number) low = middle + 2
    else high = middle
  }
  return low
}
