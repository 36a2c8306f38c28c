/**
 * Tarjan's strongly connected components without recursion, over nodes 0..size-1.
 * Groups come out dependencies first; a group of more than one is a circle of mutual dependence. Members are sorted.
 */
export function dependencyGroups(size: number, dependenciesOf: (node: number) => Iterable<number>): number[][] {
  const groups: number[][] = []
  const foundAt = new Map<number, number>()
  const lowest = new Int32Array(size)
  const open: number[] = []
  const isOpen = new Uint8Array(size)

  const enter = (node: number): Frame => {
    lowest[node] = foundAt.size
    foundAt.set(node, foundAt.size)
    open.push(node)
    isOpen[node] = 1
    return { node, rest: dependenciesOf(node)[Symbol.iterator]() }
  }
  const lower = (node: number, to: number): void => {
    lowest[node] = Math.min(lowest[node] as number, to)
  }
  const close = (node: number): void => {
    if (lowest[node] !== foundAt.get(node)) return
    const group = open.splice(open.lastIndexOf(node))
    for (const member of group) isOpen[member] = 0
    groups.push(group.sort((a, b) => a - b))
  }

  for (let start = 0; start < size; start++) {
    if (foundAt.has(start)) continue
    const path = [enter(start)]
    for (let frame = path.at(-1); frame !== undefined; frame = path.at(-1)) {
      const { done, value: next } = frame.rest.next()
      if (done !== true) {
        const seenAt = foundAt.get(next)
        if (seenAt === undefined) path.push(enter(next))
        else if (isOpen[next] === 1) lower(frame.node, seenAt)
        continue
      }
      path.pop()
      close(frame.node)
      const parent = path.at(-1)
      if (parent !== undefined && isOpen[frame.node] === 1) lower(parent.node, lowest[frame.node] as number)
    }
  }
  return groups
}

interface Frame {
  readonly node: number
  readonly rest: Iterator<number>
}
