/** The characters a trace is drawn with, in Unicode and in plain ASCII. Guides take two cells, every other one. */
import type { Provenance } from '../../agent/http-types/traces.ts'

export interface Glyphs {
  readonly lane: string
  readonly ghost: string
  readonly badges: Readonly<Record<Provenance, string>>
  /** Tree guides of two cells. */
  readonly through: string
  readonly fork: string
  readonly last: string
  /** Second cell of a fork whose parent is on another device, and where clocks leave the order open. */
  readonly crossing: string
  readonly uncertain: string
  readonly deeper: string
  readonly loop: string
  /** On the critical path. */
  readonly critical: string
  readonly bar: string
  readonly barStart: string
  readonly barEnd: string
  /** Time between a parent on another device and the span. */
  readonly transit: string
  readonly rule: string
  readonly ruleStart: string
  readonly ruleEnd: string
  readonly ellipsis: string
  readonly dot: string
  /** The one of free width. */
  readonly plusMinus: string
  readonly minus: string
}

export const UNICODE_GLYPHS: Glyphs = {
  lane: '▌',
  ghost: '┊',
  badges: { verified: '✓', unverified: '?', tampered: '✗', conflict: '≠' },
  through: '│ ',
  fork: '├─',
  last: '└─',
  crossing: '→',
  uncertain: '≈',
  deeper: '⋯',
  loop: '↻',
  critical: '◆',
  bar: '━',
  barStart: '╺',
  barEnd: '╸',
  transit: '╌',
  rule: '─',
  ruleStart: '├',
  ruleEnd: '┤',
  ellipsis: '…',
  dot: '·',
  plusMinus: '±',
  minus: '−',
}

export const ASCII_GLYPHS: Glyphs = {
  lane: '|',
  ghost: ':',
  badges: { verified: 'v', unverified: '?', tampered: 'x', conflict: '#' },
  through: '| ',
  fork: '|-',
  last: '`-',
  crossing: '>',
  uncertain: '~',
  deeper: '+',
  loop: '@',
  critical: '*',
  bar: '=',
  barStart: '=',
  barEnd: '=',
  transit: '.',
  rule: '-',
  ruleStart: '|',
  ruleEnd: '|',
  ellipsis: '~',
  dot: '-',
  plusMinus: '+/-',
  minus: '-',
}
