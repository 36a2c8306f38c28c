/** JSON of plugins: what `plugins … --json` prints. */

/** What a manifest asks for, before it is approved. */
export interface PluginReviewView {
  readonly plugin: string
  readonly title: string
  /** Of the manifest as it is enforced; an approval names it. */
  readonly sha256: string
  /** `same`: approved already, word for word. `changed`: another manifest of this name is. */
  readonly state: 'new' | 'same' | 'changed'
  /** What it may do, in plain words. */
  readonly may: readonly string[]
}

/** `plugins add` */
export interface PluginAddedView {
  readonly plugin: string
  readonly sha256: string
  /** Path of the credential file to hand to the plugin. */
  readonly credential: string
}

export interface PluginRefusalView {
  readonly code: string
  /** In plain words. */
  readonly reason: string
  readonly count: number
  readonly lastUnixMs: number
}

/** `plugins list` */
export interface PluginView {
  readonly plugin: string
  readonly title: string
  readonly state: 'enabled' | 'disabled'
  readonly sha256: string
  /** RFC 3339, UTC. */
  readonly approvedAt: string
  readonly credential: string
  readonly sessions: number
  readonly refused: readonly PluginRefusalView[]
}

/** `plugins show` */
export interface PluginDetailView extends PluginView {
  readonly manifest: unknown
  readonly may: readonly string[]
}
