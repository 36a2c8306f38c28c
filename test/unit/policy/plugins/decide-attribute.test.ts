import { describe, expect, test } from 'vitest'
import { attributeRule, isAgentEvent, type AttributeDecision } from '../../../../src/policy/plugins/decide-attribute.ts'

const decide = attributeRule({ attributes: ['http.route', 'weather.*', 'aico.*'] })

describe('what becomes of an attribute', () => {
  const rows: readonly (readonly [name: string, key: string, want: AttributeDecision])[] = [
    ['a key that is named stays', 'http.route', 'keep'],
    ['what is below it does not', 'http.route.x', 'undeclared'],
    ['all below a group stays', 'weather.city.name', 'keep'],
    ['the group itself is no member', 'weather', 'undeclared'],
    ['nor is a word that begins alike', 'weathering', 'undeclared'],
    ['a key that is named nowhere goes', 'secret', 'undeclared'],
    ['an empty key goes', '', 'undeclared'],
    ['case tells keys apart', 'HTTP.route', 'undeclared'],
    ['its own name is put right', 'service.name', 'own-name'],
    ['its session is marked as its own', 'session.id', 'own-session'],
    ['a person is not for it to name', 'enduser.id', 'identity'],
    ['nor by the newer names', 'user.email', 'identity'],
    ['nor is another service', 'service.namespace', 'identity'],
    ['nor a host', 'host.name', 'identity'],
    ['nor a module, whatever group it asked for', 'aico.module', 'identity'],
    ['nor a device', 'aico.device.id', 'identity'],
    ['the rest of that group stays', 'aico.emotion.state', 'keep'],
    ['what the SDK says of itself stays', 'telemetry.sdk.name', 'keep'],
    ['the version of the service stays', 'service.version', 'keep'],
    ['errors stay', 'exception.stacktrace', 'keep'],
    ['a word that begins like an allowed group goes', 'exceptional', 'undeclared'],
  ]
  test.each(rows)('[PL11] [PL12] %s', (_name, key, want) => {
    expect(decide(key)).toBe(want)
  })

  test('[PL13] a session that the manifest names is left as it is', () => {
    expect(attributeRule({ attributes: ['session.id'] })('session.id')).toBe('keep')
  })
})

test.each(['audit', 'audit.exported', 'consent.granted', 'AUDIT.x', ' Consent.x'])(
  '[PL10] %j is an event of the agent',
  (name) => {
    expect(isAgentEvent(name)).toBe(true)
  },
)

test.each(['', 'auditor', 'consented.x', 'my.audit.x', 'weather.changed'])('[PL10] %j is anybody’s', (name) => {
  expect(isAgentEvent(name)).toBe(false)
})
