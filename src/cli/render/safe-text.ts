/** Text from outside for terminals: {@link safeText}, and what is left of it where only ASCII can be drawn. */
import { safeText } from '../../base/safe-text.ts'

export { safeText }

/** As {@link safeText}, for terminals and fonts that know ASCII only: everything else becomes a question mark. */
export function asciiText(text: string): string {
  return safeText(text).replace(/[^ -~]/gu, '?')
}
