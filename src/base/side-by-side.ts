/** Several works in steps as one: a step of each in turn, so that what ends them all too early cuts none of them short alone. */
import type { Steps } from './steps.ts'

/** @returns what each came to. What one throws ends all. */
export function* sideBySide<T>(works: readonly Steps<T>[]): Steps<readonly T[]> {
  const results = new Map<Steps<T>, T>()
  while (results.size < works.length) {
    for (const work of works.filter((each) => !results.has(each))) {
      const step = work.next()
      if (step.done === true) results.set(work, step.value)
      else yield
    }
  }
  return works.map((work) => results.get(work) as T)
}
