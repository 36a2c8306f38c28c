/** A module's name as a person reads it: `voice-input` is Voice input. Pure. */
import { OTLP_PREFIX } from '../../model/lane.ts'

export function readableName(module: string): string {
  const own = module.startsWith(OTLP_PREFIX) ? module.slice(OTLP_PREFIX.length) : module
  const words = own.replace(/[._-]+/g, ' ').trim()
  return words.charAt(0).toUpperCase() + words.slice(1)
}
