/** What a person has chosen about being told. Pure; what is stored is read as if anybody had written it. */
import { isCategory, type Category } from './catalogue.ts'
import { MINUTES_OF_DAY, type QuietHours } from './quiet-hours.ts'

export interface NotificationSettings {
  readonly muted: readonly Category[]
  readonly quiet: QuietHours | undefined
  /** Whether they are shown by the desktop too: then they leave the encrypted store. Off until the person says so. */
  readonly desktop: boolean
}

export const DEFAULT_SETTINGS: NotificationSettings = { muted: [], quiet: undefined, desktop: false }

/** What is missing or wrong is the default. */
export function readSettings(value: unknown): NotificationSettings {
  if (typeof value !== 'object' || value === null) return DEFAULT_SETTINGS
  const { muted, quiet, desktop } = value as Readonly<Record<string, unknown>>
  return {
    muted: Array.isArray(muted) ? [...new Set(muted.filter(isCategory))] : [],
    quiet: isQuietHours(quiet) ? { fromMinute: quiet.fromMinute, toMinute: quiet.toMinute } : undefined,
    desktop: desktop === true,
  }
}

function isQuietHours(value: unknown): value is QuietHours {
  if (typeof value !== 'object' || value === null) return false
  const { fromMinute, toMinute } = value as Readonly<Record<string, unknown>>
  return isMinute(fromMinute) && isMinute(toMinute) && fromMinute !== toMinute
}

function isMinute(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < MINUTES_OF_DAY
}
