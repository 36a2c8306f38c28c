/** Why something of a plugin was not taken: stable codes, and what a person reads. */

const WORDS = {
  PLUGIN_TOPIC: 'it spoke or listened under a topic that it did not ask for',
  PLUGIN_SIGNAL: 'it sent a kind of record that it did not ask for',
  PLUGIN_REPORT: 'it sent an audit event or a notification that it did not ask for',
  PLUGIN_RATE: 'it sent more than it asked for',
  PLUGIN_SERIES: 'it measured more series than it asked for',
  PLUGIN_EVENT: 'it recorded an event that only AICO itself may record',
  PLUGIN_RECORD_TOO_LARGE: 'it sent a record that is too large',
  PLUGIN_MALFORMED: 'it sent something that cannot be read',
  /** From here on the record was taken without the detail. */
  PLUGIN_IDENTITY: 'its records claimed to be of somebody else',
  PLUGIN_ATTRIBUTE: 'its records had details that it did not ask for',
  PLUGIN_ATTRIBUTE_COUNT: 'its records had more details than it asked for',
  PLUGIN_VALUE_LENGTH: 'its records had details that were too long',
} as const satisfies Readonly<Record<string, string>>

export type PluginRefusalCode = keyof typeof WORDS

export function isPluginRefusal(code: string): code is PluginRefusalCode {
  return Object.hasOwn(WORDS, code)
}

/** What it did, to follow "its plugin was refused because". */
export function refusalWords(code: string): string {
  return isPluginRefusal(code) ? WORDS[code] : 'it did something that it may not'
}
