/**
 * A bounded Dolev-Yao search over nearby pairing: Mallory ends every link, sees all that is said, builds and repeats what she
 * knows, in every order over all sessions. Hashes give nothing back. The code is short, so she is given more than the usual
 * attacker: whoever still chooses a nonce when she knows every other one can make two codes the same.
 *
 * She wins if two people who look at each other's devices see one code, while both devices talk to her.
 */

/** What a version of the protocol does; the one that is built does all of it. */
export interface Protocol {
  /** The answerer commits to its part before it sees the caller's. */
  readonly commits: boolean
  /** The caller compares what is opened with what was committed to. */
  readonly checksOpening: boolean
  /** The code is made of both connection keys as each side knows them. */
  readonly bindsKeys: boolean
  /** A card with another connection key than the link's is refused. */
  readonly checksCard: boolean
}
export const AS_BUILT: Protocol = { commits: true, checksOpening: true, bindsKeys: true, checksCard: true }

export interface Session {
  readonly who: 'Alice' | 'Bob'
  readonly role: 'caller' | 'answerer'
}
export interface Verdict {
  /** What Mallory did, if she can win. */
  readonly attack: readonly string[] | undefined
  readonly states: number
}

type Step = 'take commit' | 'show' | 'take open' | 'commit' | 'take show' | 'open'
interface Part {
  readonly nonce: string
  readonly card: string
}
interface Commitment {
  readonly keys: string
  readonly part: Part
}
interface Run {
  readonly session: Session
  readonly own: Part
  readonly step: number
  readonly commitment: Commitment | undefined
  readonly theirs: Part | undefined
}
interface State {
  readonly runs: readonly Run[]
  /** Honest nonces that she has seen. */
  readonly nonces: readonly string[]
  readonly commitments: readonly Commitment[]
  /** Her own nonces in the order in which she bound herself to them, each with the honest ones she knew by then. */
  readonly bound: readonly { readonly nonce: string; readonly knew: readonly string[] }[]
  readonly trace: readonly string[]
}

const MALLORY = 'Mallory'

export function searchAttack(protocol: Protocol, sessions: readonly Session[]): Verdict {
  const runs = sessions.map((session, at): Run => {
    const own = { nonce: `n${at}`, card: session.who }
    return { session, own, step: 0, commitment: undefined, theirs: undefined }
  })
  const stack: State[] = [{ runs, nonces: [], commitments: [], bound: [], trace: [] }]
  const seen = new Set<string>()
  for (let state = stack.pop(); state !== undefined; state = stack.pop()) {
    const key = JSON.stringify({ ...state, trace: 0 })
    if (seen.has(key)) continue
    seen.add(key)
    if (hasWon(protocol, state)) return { attack: state.trace, states: seen.size }
    for (const at of state.runs.keys()) stack.push(...next(protocol, state, at))
  }
  return { attack: undefined, states: seen.size }
}

function stepsOf({ commits }: Protocol, { role }: Session): readonly Step[] {
  if (role === 'caller') return commits ? ['take commit', 'show', 'take open'] : ['show', 'take open']
  return commits ? ['commit', 'take show', 'open'] : ['take show', 'open']
}

/** Every way in which one session can go on. */
function next(protocol: Protocol, state: State, at: number): readonly State[] {
  const run = state.runs[at] as Run
  const step = stepsOf(protocol, run.session)[run.step]
  const { own } = run
  if (step === undefined) return []
  switch (step) {
    case 'show':
    case 'open':
      return [advance({ ...state, nonces: [...state.nonces, own.nonce] }, at, {}, step)]
    case 'commit': {
      const commitment = { keys: keysOf(protocol, run), part: own }
      return [advance({ ...state, commitments: [...state.commitments, commitment] }, at, { commitment }, step)]
    }
    case 'take commit':
      return takeCommit(protocol, state, at)
    case 'take show':
    case 'take open':
      return takePart(protocol, state, at, step)
  }
}

function takeCommit(protocol: Protocol, state: State, at: number): readonly State[] {
  const run = state.runs[at] as Run
  const repeated = state.commitments.map((commitment) => advance(state, at, { commitment }, 'take commit repeated'))
  const made = [MALLORY, 'Alice', 'Bob'].map((card) => {
    const [nonce, bound] = bindNonce(state)
    const commitment = { keys: keysOf(protocol, run), part: { nonce, card } }
    return advance(bound, at, { commitment }, `take commit to ${nonce}, ${card}`)
  })
  return [...repeated, ...made]
}

function takePart(protocol: Protocol, state: State, at: number, step: Step): readonly State[] {
  const run = state.runs[at] as Run
  const cards = protocol.checksCard ? [MALLORY] : [MALLORY, 'Alice', 'Bob']
  const isOpening = step === 'take open' && protocol.commits && protocol.checksOpening
  const known = [...state.nonces, ...state.bound.map(({ nonce }) => nonce)]
  const repeated = cards.flatMap((card) => known.map((nonce) => [{ nonce, card }, state] as const))
  const fresh = cards.map((card) => {
    const [nonce, bound] = bindNonce(state)
    return [{ nonce, card }, bound] as const
  })
  return [...repeated, ...fresh]
    .filter(([theirs]) => !isOpening || isOpened(keysOf(protocol, run), run.commitment as Commitment, theirs))
    .map(([theirs, after]) => advance(after, at, { theirs }, `${step} ${theirs.nonce}, ${theirs.card}`))
}

function isOpened(keys: string, commitment: Commitment, { nonce, card }: Part): boolean {
  return commitment.keys === keys && commitment.part.nonce === nonce && commitment.part.card === card
}

function bindNonce(state: State): readonly [nonce: string, state: State] {
  const nonce = `m${state.bound.length}`
  return [nonce, { ...state, bound: [...state.bound, { nonce, knew: state.nonces }] }]
}

function advance(state: State, at: number, change: Partial<Run>, what: string): State {
  const run = state.runs[at] as Run
  const runs = state.runs.with(at, { ...run, ...change, step: run.step + 1 })
  return { ...state, runs, trace: [...state.trace, `${run.session.who} ${at}: ${what}`] }
}

/** Caller's key, then answerer's: every link ends at Mallory. */
function keysOf({ bindsKeys }: Protocol, { session: { role, who } }: Run): string {
  if (!bindsKeys) return ''
  return role === 'caller' ? `${who} ${MALLORY}` : `${MALLORY} ${who}`
}

function hasWon(protocol: Protocol, { runs, bound }: State): boolean {
  const done = runs.filter(({ session, step }) => step === stepsOf(protocol, session).length)
  return done.some((a) => done.some((b) => a.session.who < b.session.who && mayShowOneCode(protocol, a, b, bound)))
}

function mayShowOneCode(protocol: Protocol, a: Run, b: Run, bound: State['bound']): boolean {
  const [codeOfA, codeOfB] = [codeOf(protocol, a), codeOf(protocol, b)]
  if (JSON.stringify(codeOfA) === JSON.stringify(codeOfB)) return true
  const nonces = new Set([...noncesIn(codeOfA), ...noncesIn(codeOfB)])
  const last = bound.findLast(({ nonce }) => nonces.has(nonce))
  const honest = [...nonces].filter((nonce) => nonce.startsWith('n'))
  return last !== undefined && honest.every((nonce) => last.knew.includes(nonce))
}

/** Everything that the code is made of. */
function codeOf(protocol: Protocol, run: Run) {
  const theirs = run.theirs as Part
  const [caller, answerer] = run.session.role === 'caller' ? [run.own, theirs] : [theirs, run.own]
  return { keys: keysOf(protocol, run), commitment: run.commitment ?? null, caller, answerer }
}

function noncesIn({ caller, answerer, commitment }: ReturnType<typeof codeOf>): readonly string[] {
  return [caller.nonce, answerer.nonce, ...(commitment === null ? [] : [commitment.part.nonce])]
}
