/** Terminal colours: the 16 named ones only, so that a person's theme decides what they look like. */

export type Colour = 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan' | 'grey'
export type Style = Colour | `bright-${Exclude<Colour, 'grey'>}` | 'bold' | 'dim'

/** Wraps text in a style and ends it again; or returns it as it is when colours are off. */
export type Paint = (text: string, ...styles: readonly Style[]) => string

/** SGR parameters of ECMA-48 (bright colours: the usual 90-97). */
const SGR: Readonly<Record<Style, number>> = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
  grey: 90,
  'bright-red': 91,
  'bright-green': 92,
  'bright-yellow': 93,
  'bright-blue': 94,
  'bright-magenta': 95,
  'bright-cyan': 96,
}

/** Colours of devices, in order of appearance. No red: that means an error or something altered. */
export const DEVICE_STYLES = [
  'cyan',
  'magenta',
  'yellow',
  'blue',
  'green',
  'bright-cyan',
  'bright-magenta',
  'bright-yellow',
  'bright-blue',
] as const satisfies readonly Style[]

const paintOn: Paint = (text, ...styles) =>
  text === '' || styles.length === 0 ? text : `\u001B[${styles.map((style) => SGR[style]).join(';')}m${text}\u001B[0m`

export function painter(color: boolean): Paint {
  return color ? paintOn : (text) => text
}

/** https://no-color.org: NO_COLOR wins when not empty; then FORCE_COLOR; else colours go to terminals that can. */
export function wantsColour(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  if (env['NO_COLOR']) return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined && forced !== '') return forced !== '0'
  return isTerminal && env['TERM'] !== 'dumb'
}
