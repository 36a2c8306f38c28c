/** Notifications as the agent answers them over HTTP and `--json` prints them. Stable, like all of http-types. */

export interface NotificationView {
  /** By which it is marked as read; null for one that could not be kept. */
  readonly number: number | null
  /** What it is about, such as `device.joined`: docs/spec/notifications.md. */
  readonly id: string
  readonly category: string
  readonly severity: 'info' | 'warning' | 'alert'
  readonly message: string
  /** What to do about it: plain words, or a command. */
  readonly action: string | null
  /** How often it happened between the two times. */
  readonly count: number
  readonly firstUnixMs: number
  readonly lastUnixMs: number
  readonly isRead: boolean
  /** Whether it was told as it happened, or why not. */
  readonly told: 'now' | 'muted' | 'quiet'
}

export interface NotificationsView {
  /** The newest first. */
  readonly notifications: readonly NotificationView[]
  readonly unread: number
}

export interface NotificationSettingsView {
  readonly categories: readonly string[]
  readonly muted: readonly string[]
  /** `22:00-07:00`, local time, or null. */
  readonly quiet: string | null
  readonly desktop: boolean
}
