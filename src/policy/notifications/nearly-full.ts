/** When a limit of storage is told of: once on the way up, and again only after it had room in between. Pure. */

/** Told from here on. */
export const NEARLY_FULL = 0.9
/** Below this it counts as having room again: what hovers at its limit, as storage does, is told once. */
export const ROOM_AGAIN = 0.75

export interface StorageUse {
  /** What is limited, in plain words. */
  readonly of: string
  readonly bytes: number
  readonly maxBytes: number
}

export interface NearlyFull {
  readonly tell: readonly { readonly of: string; readonly percent: number }[]
  /** To be handed in the next time. */
  readonly told: readonly string[]
}

/** @param told limits that were told of and have had no room since */
export function nearlyFull(uses: readonly StorageUse[], told: readonly string[]): NearlyFull {
  const full = uses.filter((use) => partOf(use) >= (told.includes(use.of) ? ROOM_AGAIN : NEARLY_FULL))
  return {
    tell: full
      .filter(({ of }) => !told.includes(of))
      .map((use) => ({ of: use.of, percent: Math.min(100, Math.floor(partOf(use) * 100)) })),
    told: full.map(({ of }) => of),
  }
}

function partOf({ bytes, maxBytes }: StorageUse): number {
  return bytes / maxBytes
}
