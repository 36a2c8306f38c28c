/**
 * A log file as programs write them, made from a seed: several formats, words of several languages, lines without a time
 * below others, lines of one character, blank ones and very long ones. Every line of words has a request id of its own.
 */
import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import { seeded, type Seeded } from '../../support/seeded.ts'

export interface FileLine {
  /** From 1 on, blank lines too. */
  readonly number: number
  readonly text: string
  /** 0 where the line says none. */
  readonly severityNumber: number
  readonly timeUnixNano: bigint
  readonly isBlank: boolean
}

const LEVELS = [
  { word: 'TRACE', number: 1, pino: 10 },
  { word: 'DEBUG', number: 5, pino: 20 },
  { word: 'INFO', number: 9, pino: 30 },
  { word: 'WARN', number: 13, pino: 40 },
  { word: 'ERROR', number: 17, pino: 50 },
  { word: 'FATAL', number: 21, pino: 60 },
] as const
/** How often which of them, out of a hundred. */
const LEVEL_SHARES = [2, 20, 60, 12, 5, 1]
const SYLLABLES = [
  'ka',
  'ro',
  'mi',
  'ten',
  'sol',
  'ver',
  'da',
  'lin',
  'gu',
  'ber',
  'x1',
  '_a',
  'pe',
  'sto',
  'fi',
  'ner',
]
/** Put behind every so many words. */
const ENDINGS = ['ö', 'ß', 'ж', '商品', 'é', 'Ñ', 'İ', '🚀'] as const
const ENDING_EVERY = 23
const VOCABULARY = 50_000
const NOT_WORDS = ['', '   ', '\t', '-', '.', '}', '  ]', '…'] as const
const FIRST_MS = Date.UTC(2026, 1, 1)
const LONG_WORDS = 20_000

/** Lines `1` to `count`. */
export function* fileLines(seed: number, count: number): Generator<FileLine> {
  const random = seeded(seed)
  let timeMs = FIRST_MS
  let sinceLast = 0n
  for (let number = 1; number <= count; number++) {
    const shape = number === 1 ? 99 : random.below(100)
    if (shape > 2) timeMs += random.below(50)
    sinceLast = shape > 2 ? 0n : sinceLast + 1n
    const { text, severityNumber } =
      shape > 2 ? timedLine(random, number, timeMs, shape) : bareLine(random, number, shape)
    const isBlank = text.trim() === ''
    // A blank line is none, and moves nothing.
    if (isBlank) sinceLast--
    yield { number, text, severityNumber, timeUnixNano: BigInt(timeMs) * 1_000_000n + sinceLast, isBlank }
  }
}

/** @returns how many lines are records */
export async function writeLogFile(
  path: string,
  seed: number,
  count: number,
  look: (line: FileLine) => void,
): Promise<number> {
  const file = createWriteStream(path)
  let records = 0
  let block: string[] = []
  for (const line of fileLines(seed, count)) {
    look(line)
    if (!line.isBlank) records++
    block.push(line.text, '\n')
    if (block.length < 4_096) continue
    if (!file.write(block.join(''))) await once(file, 'drain')
    block = []
  }
  file.end(block.join(''))
  await finished(file)
  return records
}

/** What finds this line alone. */
function requestId(number: number): string {
  return `req-${(Math.imul(number, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0')}-${number}`
}

function timedLine(random: Seeded, number: number, timeMs: number, shape: number) {
  const level = LEVELS[pickLevel(random)] as (typeof LEVELS)[number]
  const iso = new Date(timeMs).toISOString()
  const words = sentence(random, number % 20_000 === 777 ? LONG_WORDS : 2 + random.below(14))
  const rest = `${words} ${requestId(number)} user=u${random.below(5_000)} took=${random.below(3_000)}ms`
  return { text: layOut({ iso, timeMs, level, rest }, shape), severityNumber: level.number }
}

interface Parts {
  readonly iso: string
  readonly timeMs: number
  readonly level: (typeof LEVELS)[number]
  readonly rest: string
}

function layOut({ iso, timeMs, level, rest }: Parts, shape: number): string {
  if (shape < 15) return JSON.stringify({ level: level.pino, time: timeMs, pid: 4_711, msg: rest })
  if (shape < 25)
    return `[${iso.replace('T', ' ').replace('.', ',').slice(0, -1)}] [${level.word.toLowerCase()}] ${rest}`
  if (shape < 35) return `${iso.slice(0, -1)}+00:00 level=${level.word.toLowerCase()} msg="${rest}"`
  return `${iso} ${level.word} ${rest}`
}

/** Below another line, without a time of its own. */
function bareLine(random: Seeded, number: number, shape: number) {
  const text =
    shape === 0
      ? random.pick(NOT_WORDS)
      : `    at ${wordAt(random.below(VOCABULARY))} (/srv/shop/${random.below(90)}.ts:${number}) ${requestId(number)}`
  return { text, severityNumber: 0 }
}

function pickLevel(random: Seeded): number {
  let share = random.below(100)
  return LEVEL_SHARES.findIndex((each) => (share -= each) < 0)
}

function sentence(random: Seeded, count: number): string {
  // To the third: a few words are in many lines, most in few.
  return Array.from({ length: count }, () => wordAt(Math.floor(random.next() ** 3 * VOCABULARY))).join(' ')
}

/** Every number another word, some with capitals, dashes or dots within. */
function wordAt(n: number): string {
  return (words[n] ??= makeWord(n))
}
const words: string[] = []

function makeWord(n: number): string {
  const digits = n.toString(SYLLABLES.length).padStart(2, '0')
  const word = Array.from(digits, (digit) => SYLLABLES[Number.parseInt(digit, SYLLABLES.length)]).join(
    SEPARATORS[n % 41],
  )
  const ending = n % ENDING_EVERY === 0 ? ENDINGS[(n / ENDING_EVERY) % ENDINGS.length] : ''
  return `${n % 11 === 0 ? word.toUpperCase() : word}${ending}`
}
/** Of every 41 words one with dashes and one with dots. */
const SEPARATORS = ['-', '.', ...Array.from({ length: 39 }, () => '')]
