import { expect, test } from 'vitest'
import { MAX_SUBSCRIPTIONS, ModuleSession, SESSION_SILENCE_MS } from '../../../src/bus/module-session.ts'

const newSession = () => new ModuleSession('s', Uint8Array.of(1), 0)

test('[BU41] a session wants the topics that begin with one of its prefixes', () => {
  const session = newSession()
  expect(session.wants('conversation/heard')).toBe(false)
  session.subscribe('conversation/')
  expect(session.wants('conversation/heard')).toBe(true)
  expect(session.wants('conversation')).toBe(false)
  session.subscribe('')
  expect(session.wants('anything')).toBe(true)
  session.unsubscribe('')
  session.unsubscribe('never subscribed')
  expect(session.wants('anything')).toBe(false)
})

test('[BU43] subscriptions are limited, repeating one is not another', () => {
  const session = newSession()
  for (let i = 0; i < MAX_SUBSCRIPTIONS; i++) expect(session.subscribe(`p${i}`)).toBe(true)
  expect(session.subscribe('one more')).toBe(false)
  expect(session.subscribe('p0')).toBe(true)
  session.unsubscribe('p0')
  expect(session.subscribe('one more')).toBe(true)
})

test('[BU14] a session is over after its silence, and anything heard puts that off', () => {
  const session = newSession()
  expect(session.isSilent(SESSION_SILENCE_MS)).toBe(false)
  expect(session.isSilent(SESSION_SILENCE_MS + 1)).toBe(true)
  session.heard(10)
  expect(session.isSilent(SESSION_SILENCE_MS + 10)).toBe(false)
})
