import { expect, test } from 'vitest'
import { InFlight } from '../../../src/devtools/in-flight.ts'

test('[OH13] the last request that fits is taken, the next is not, and a place left is free again', () => {
  const inFlight = new InFlight({ maxRequests: 2, maxBytes: 100 })
  const first = inFlight.enter()
  expect(first).toBeDefined()
  expect(inFlight.enter()).toBeDefined()
  expect(inFlight.enter()).toBeUndefined()
  first?.leave()
  expect(inFlight.enter()).toBeDefined()
})

test('[OH13] bytes are shared: what one request holds another cannot, until it leaves', () => {
  const inFlight = new InFlight({ maxRequests: 9, maxBytes: 100 })
  const [first, second] = [inFlight.enter(), inFlight.enter()]
  expect(first?.take(60)).toBe(true)
  expect(second?.take(41)).toBe(false)
  expect(second?.take(40)).toBe(true)
  expect(inFlight.bytes).toBe(100)
  first?.leave()
  expect(inFlight.bytes).toBe(40)
})

test('[OH13] a declared length that cannot fit now is turned away, but holds nothing by itself', () => {
  const inFlight = new InFlight({ maxRequests: 9, maxBytes: 100 })
  expect(inFlight.enter(101)).toBeUndefined()
  expect(inFlight.enter(100)).toBeDefined()
  expect(inFlight.enter(100)).toBeDefined()
  expect(inFlight.bytes).toBe(0)
})

test('[OH13] leaving twice gives back once, and who has left takes nothing', () => {
  const inFlight = new InFlight({ maxRequests: 2, maxBytes: 100 })
  const [first] = [inFlight.enter(), inFlight.enter()]
  first?.take(10)
  first?.leave()
  first?.leave()
  expect(inFlight).toMatchObject({ requests: 1, bytes: 0 })
  expect(first?.take(1)).toBe(false)
})
