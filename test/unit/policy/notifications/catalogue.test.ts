import { describe, expect, test } from 'vitest'
import {
  actionOf,
  CATEGORIES,
  categoryOf,
  MAX_MESSAGE_CHARS,
  MAX_NAME_CHARS,
  NOTIFICATION_IDS,
  plainArgs,
  sentenceOf,
  type ArgsOf,
} from '../../../../src/policy/notifications/catalogue.ts'

const EVERY: ArgsOf = {
  'agent.recovered': {},
  'stage.changed': { stage: 'pro' },
  'device.joined': { device: 'Phone' },
  'device.left': { device: 'Phone' },
  'device.removed': { device: 'Phone', by: 'Laptop' },
  'device.removed-here': { by: 'Laptop' },
  'storage.nearly-full': { of: 'logs', percent: 91 },
  'storage.full': {},
  'storage.freed': {},
  'storage.damaged': { device: 'this device' },
  'storage.unreadable': {},
  'security.module-refused': { module: 'voice-input' },
  'security.pairing-refused': {},
  'security.codes-differ': { device: 'laptop' },
  'security.start-failed': { count: 3, why: 'passphrase' },
  'security.altered': { device: 'Phone' },
  'security.two-histories': { device: 'Phone' },
  'security.put-back': {},
  'security.not-verified': {},
  'plugin.refused': { plugin: 'weather' },
  'error.returned': { module: 'core' },
  'module.message': { module: 'core', text: 'Good morning.' },
}
/** What a casual user must never meet. */
const TECHNICAL =
  /[A-Z]+_[A-Z]+|[0-9a-f]{8}|\b(?:trace|span|segment|lane|key|digest|hash|epoch|OTLP|SQL|code|process|thread|payload|module)\b/i

test.each(NOTIFICATION_IDS)('[NT1] the sentence of %s is short and plain', (id) => {
  const sentence = sentenceOf(id, plainArgs(EVERY[id]))
  expect(sentence).toMatch(/^[A-Z].*\.$/)
  expect(sentence.length).toBeLessThanOrEqual(110)
  expect(sentence).not.toMatch(TECHNICAL)
  expect(sentence).not.toContain('undefined')
  expect(actionOf(id) ?? '').not.toContain('\n')
  expect(CATEGORIES).toContain(categoryOf(id))
})

test('[NT1] each failed start is told in words of its own', () => {
  const words = (count: number, why: ArgsOf['security.start-failed']['why']) =>
    sentenceOf('security.start-failed', plainArgs({ count, why }))
  expect(words(1, 'passphrase')).toBe('AICO could not start once before: the passphrase was wrong.')
  expect(words(2, 'keys')).toBe('AICO could not start 2 times before: its keys could not be read.')
})

describe('names and words', () => {
  const said = (module: string, text: string): string => sentenceOf('module.message', plainArgs({ module, text }))

  test.each([
    { name: 'a module is named as a person reads it', module: 'voice-input', text: 'Hello', is: 'Voice input: Hello' },
    { name: 'a program that reports by itself too', module: 'otlp/my.shop', text: 'Hello', is: 'My shop: Hello' },
    { name: 'line breaks are spaces', module: 'core', text: 'a\nb\r\n\tc', is: 'Core: a b c' },
    { name: 'what steers a terminal goes', module: 'core', text: '\u001b[31mred\u001b]0;t\u0007', is: 'Core: red' },
    { name: 'what turns text around goes', module: 'core', text: 'a\u202eb\u200bc', is: 'Core: abc' },
  ])('[NT2] [NT3] $name', ({ module, text, is }) => {
    expect(said(module, text)).toBe(is)
  })

  test('[NT3] a text of 140 characters is whole, one of 141 is cut, never through a character', () => {
    const whole = '🙂'.repeat(MAX_MESSAGE_CHARS)
    expect(said('core', whole)).toBe(`Core: ${whole}`)
    expect(said('core', `${whole}x`)).toBe(`Core: ${'🙂'.repeat(MAX_MESSAGE_CHARS - 1)}…`)
  })

  test('[NT2] a name is cut to 40 characters', () => {
    const device = sentenceOf('device.joined', plainArgs({ device: 'p'.repeat(MAX_NAME_CHARS + 1) }))
    expect(device).toBe(`${'p'.repeat(MAX_NAME_CHARS - 1)}… joined your devices.`)
  })
})
