/** A pairing code, and what becomes of it, in words. */
import type { ComparisonView, PairedView } from '../../agent/http-types/device.ts'
import { plural } from './plural.ts'
import { safeText } from './safe-text.ts'
import { wrapText } from './wrap-text.ts'

/** Pictures on one line: two lines of them are compared more easily than one. */
const IN_ONE_LINE = 4

/** Symbols are not aligned: terminals do not agree on how wide they are. */
export function codeWords({ name, emoji, numbers }: ComparisonView): string {
  const pictures = emoji.map((each) => `${each.symbol} ${each.name}`)
  return [
    `Found ${safeText(name)}. This device shows:`,
    '',
    `  ${pictures.slice(0, IN_ONE_LINE).join('   ')}`,
    `  ${pictures.slice(IN_ONE_LINE).join('   ')}`,
    '',
    `  or as numbers: ${numbers.join(' ')}`,
    '',
  ].join('\n')
}

export function othersWords({ name, others }: ComparisonView): string {
  if (others === 0) return ''
  const verb = others === 1 ? 'waits' : 'wait'
  return `${plural(others, 'other device')} nearby ${verb} too. If ${safeText(name)} is not the one you mean, say no and run it again.`
}

export function headlessWords(view: ComparisonView, width: number): string {
  const what = `Compare with ${safeText(view.name)} within a minute. Then run here, with the code that it shows:`
  return [
    codeWords(view),
    ...(view.others === 0 ? [] : wrapText(othersWords(view), { width })),
    ...wrapText(what, { width }),
    '  aico-mesh pair confirm CODE',
    'or, if it shows another code:',
    '  aico-mesh pair reject',
  ].join('\n')
}

export function pairedWords({ name }: PairedView): string {
  return `Paired with ${safeText(name)}. Nothing is shared until one of you consents.`
}
