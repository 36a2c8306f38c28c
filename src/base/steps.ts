/**
 * Long work in steps: a generator that yields wherever whoever runs it may do something else first. It must hold
 * nothing open across a yield that others need, and must expect that they changed what is stored.
 */
export type Steps<T> = Generator<undefined, T, undefined>
