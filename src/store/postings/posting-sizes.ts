/** How much of an index goes into a part, a block and a step: measured by bench/postings.ts. */

export interface PostingSizes {
  /** Segments of the tail that become a part: looked through in microseconds until then. At most 65,536. */
  readonly batchSegments: number
  /** Or so many bytes of them, so that the step that reads them is short. */
  readonly batchBytes: number
  /** Parts of a level that become one of the next. More of them: less to write, more places to look. */
  readonly partsOfLevel: number
  /** Parts of this level stay as they are, so that no merge needs more room and time than one of them. */
  readonly maxLevel: number
  /** A block is closed at so many: an overflow page of the encrypted database and the least that stays in the row. */
  readonly blockBytes: number
  /** Keys and runs written in a step: about a millisecond, and its commit. */
  readonly stepKeys: number
  /** Segments of which a step asks whether they are there: each is a look into a table. */
  readonly stepSegments: number
  /** Blocks a step deletes: each is more than a page, read and then overwritten (secure_delete). */
  readonly stepBlocks: number
}

export const POSTING_SIZES: PostingSizes = {
  batchSegments: 128,
  batchBytes: 2 ** 19,
  partsOfLevel: 16,
  maxLevel: 3, // 32,768 segments
  blockBytes: 4_540,
  stepKeys: 8_192,
  stepSegments: 512,
  stepBlocks: 48,
}
