/** Notifications as a person reads them: when, how serious, the sentence, and below it what to do. */
import type { NotificationView } from '../../agent/http-types/notifications.ts'
import type { Paint, Style } from './colour.ts'
import { relativeTime } from './relative-time.ts'
import { safeText } from './safe-text.ts'
import { wrapText } from './wrap-text.ts'

const MARKS: Readonly<
  Record<NotificationView['severity'], { readonly mark: string; readonly styles: readonly Style[] }>
> = {
  info: { mark: ' ', styles: [] },
  warning: { mark: '!', styles: ['yellow'] },
  alert: { mark: '!!', styles: ['red', 'bold'] },
}
/** Widest time, such as `12 min ago`. */
const TIME_WIDTH = 10

export interface LineStyle {
  readonly width: number
  readonly paint: Paint
  readonly nowUnixMs: number
}

/** One notification; its time counts from when it happened last. */
export function notificationLines(view: NotificationView, { width, paint, nowUnixMs }: LineStyle): string {
  const { mark, styles } = MARKS[view.severity]
  const time = relativeTime(view.lastUnixMs, nowUnixMs).padStart(TIME_WIDTH)
  const lead = `${time}  ${mark.padEnd(2)}  `
  const indent = ' '.repeat(lead.length)
  const [first = '', ...rest] = wrapText(`${safeText(view.message)}${timesWords(view)}`, { width, lead, indent })
  const sentence = [
    `${paint(time, 'dim')}  ${paint(mark.padEnd(2), ...styles)}  ${paint(first.slice(lead.length), ...styles)}`,
    ...rest.map((line) => `${indent}${paint(line.trimStart(), ...styles)}`),
  ]
  const action = view.action === null ? [] : wrapText(view.action, { width, lead: indent, indent })
  return [...sentence, ...action.map((line) => paint(line, 'dim'))].join('\n')
}

function timesWords({ count }: NotificationView): string {
  return count === 1 ? '' : ` (${count} times)`
}
