/** One sorted sequence from several, taking from each no more than the result asks for. */
export function* mergeSorted<T>(sources: readonly Iterable<T>[], compare: (a: T, b: T) => number): Generator<T> {
  const heads = sources.flatMap((source) => advance(source[Symbol.iterator]()))
  while (heads.length > 0) {
    const first = heads.reduce((best, head) => (compare(head.value, best.value) < 0 ? head : best))
    yield first.value
    heads.splice(heads.indexOf(first), 1, ...advance(first.rest))
  }
}

interface Head<T> {
  readonly value: T
  readonly rest: Iterator<T>
}

function advance<T>(rest: Iterator<T>): readonly Head<T>[] {
  const next = rest.next()
  return next.done === true ? [] : [{ value: next.value, rest }]
}
