/** pino's message formatting: `%s %d %i %f %j %o %O %%`, arguments that no directive asks for are left out. */
import { cutText } from './attribute-value.ts'

/** Longest message, in characters. */
export const MAX_MESSAGE_CHARS = 16_384

/** @param from which of `args` is the first */
export function formatMessage(template: string, args: readonly unknown[], from = 0): string {
  if (!template.includes('%')) return cutText(template, MAX_MESSAGE_CHARS)
  let next = from
  const text = cutText(template, MAX_MESSAGE_CHARS).replace(/%([sdifjoO%])/g, (directive, letter: string) => {
    if (letter === '%') return '%'
    if (next >= args.length) return directive
    return formatArgument(letter, args[next++])
  })
  return cutText(text, MAX_MESSAGE_CHARS)
}

function formatArgument(letter: string, argument: unknown): string {
  try {
    switch (letter) {
      case 'd':
      case 'f':
        return String(Number(argument))
      case 'i':
        return String(Math.floor(Number(argument)))
      case 's':
        return String(argument)
      default:
        return typeof argument === 'string' ? `'${argument}'` : JSON.stringify(argument)
    }
  } catch {
    return '[unreadable]' // a circle, a bigint, or a toString of the module's own that threw
  }
}
