/**
 * The rules of W3C Trace Context as rows, in our own words: what arrives, and what it means. One table for every way in. Sources: the
 * Recommendation (level 1), sections 3.2 and 3.3; level 2 for the random flag and for keys of `tracestate`.
 */
import { MAX_TRACESTATE_MEMBERS, MAX_TRACESTATE_READ_CHARS } from '../../src/model/tracestate.ts'

export const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
export const SPAN_ID = 'b7ad6b7169203331'

/** The caller's context, as far as headers say it; undefined: there is none, and a new trace begins. */
export type Want = { readonly flags: number; readonly tracestate: string } | undefined
type Header = readonly [name: string, value: string]

export interface TraceContextRow {
  readonly name: string
  readonly headers: readonly Header[]
  readonly want: Want
  /** Where it means something else, or cannot be sent. */
  readonly overHttp?: Want | 'cannot be sent'
  readonly overBus?: Want | 'cannot be sent'
}

const VALID = `00-${TRACE_ID}-${SPAN_ID}-01`
const SAMPLED: Want = { flags: 1, tracestate: '' }
const NONE: Want = undefined

/** Of a name that comes once, where an envelope has one field. */
function parent(name: string, value: string, want: Want): TraceContextRow {
  return { name, headers: [['traceparent', value]], want }
}

function state(name: string, value: string, tracestate: string, more: Partial<TraceContextRow> = {}): TraceContextRow {
  const headers: readonly Header[] = [
    ['traceparent', VALID],
    ['tracestate', value],
  ]
  return { name, headers, want: { flags: 1, tracestate }, ...more }
}

const members = (count: number): string => Array.from({ length: count }, (_, n) => `k${n}=1`).join(',')
/** As long as may be read, by blanks that count for nothing. */
const LONGEST = `${' '.repeat(MAX_TRACESTATE_READ_CHARS - 3)}a=1`

export const TRACE_CONTEXT: readonly TraceContextRow[] = [
  // traceparent: flags
  parent('sampled', VALID, SAMPLED),
  parent('not sampled', `00-${TRACE_ID}-${SPAN_ID}-00`, { flags: 0, tracestate: '' }),
  parent('sampled, and the id is random (level 2)', `00-${TRACE_ID}-${SPAN_ID}-03`, { flags: 3, tracestate: '' }),
  parent('random and not sampled (level 2)', `00-${TRACE_ID}-${SPAN_ID}-02`, { flags: 2, tracestate: '' }),
  parent('flags that nobody knows are read as zero', `00-${TRACE_ID}-${SPAN_ID}-fd`, SAMPLED),
  parent('all flags', `00-${TRACE_ID}-${SPAN_ID}-ff`, { flags: 3, tracestate: '' }),
  parent('flags too short', `00-${TRACE_ID}-${SPAN_ID}-1`, NONE),
  parent('flags too long', `00-${TRACE_ID}-${SPAN_ID}-001`, NONE),
  parent('flags that begin with no hex digit', `00-${TRACE_ID}-${SPAN_ID}-.0`, NONE),
  parent('flags that end with no hex digit', `00-${TRACE_ID}-${SPAN_ID}-0.`, NONE),
  parent('flags in capitals', `00-${TRACE_ID}-${SPAN_ID}-0A`, NONE),
  // traceparent: version
  parent('a later version of the same length', `01-${TRACE_ID}-${SPAN_ID}-01`, SAMPLED),
  parent('the last version there can be', `fe-${TRACE_ID}-${SPAN_ID}-01`, SAMPLED),
  parent('a later version with more fields', `cc-${TRACE_ID}-${SPAN_ID}-01-what-the-future-brings`, SAMPLED),
  parent('a later version with very long fields', `cc-${TRACE_ID}-${SPAN_ID}-01-${'x'.repeat(1_000)}`, SAMPLED),
  parent('a later version that ends in a dash', `cc-${TRACE_ID}-${SPAN_ID}-01-`, SAMPLED),
  parent('a later version, longer without a dash', `cc-${TRACE_ID}-${SPAN_ID}-01.more`, NONE),
  parent('version 00 with more fields', `00-${TRACE_ID}-${SPAN_ID}-01-more`, NONE),
  parent('version 00 that ends in a dash', `00-${TRACE_ID}-${SPAN_ID}-01-`, NONE),
  parent('version 00, longer without a dash', `00-${TRACE_ID}-${SPAN_ID}-01.more`, NONE),
  parent('version ff', `ff-${TRACE_ID}-${SPAN_ID}-01`, NONE),
  parent('a version in capitals', `CC-${TRACE_ID}-${SPAN_ID}-01`, NONE),
  parent('a version that is no hex', `.0-${TRACE_ID}-${SPAN_ID}-01`, NONE),
  parent('a version too long', `000-${TRACE_ID}-${SPAN_ID}-01`, NONE),
  parent('a version too short', `0-${TRACE_ID}-${SPAN_ID}-01`, NONE),
  // traceparent: ids
  parent('a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN_ID}-01`, NONE),
  parent('a trace id in capitals', `00-${TRACE_ID.toUpperCase()}-${SPAN_ID}-01`, NONE),
  parent('a trace id that is no hex', `00-${TRACE_ID.replace('a', '.')}-${SPAN_ID}-01`, NONE),
  parent('a trace id too short', `00-${TRACE_ID.slice(1)}-${SPAN_ID}-01`, NONE),
  parent('a trace id too long', `00-${TRACE_ID}0-${SPAN_ID}-01`, NONE),
  parent('a parent id of zeros', `00-${TRACE_ID}-${'0'.repeat(16)}-01`, NONE),
  parent('a parent id in capitals', `00-${TRACE_ID}-${SPAN_ID.toUpperCase()}-01`, NONE),
  parent('a parent id that is no hex', `00-${TRACE_ID}-${SPAN_ID.replace('b', '.')}-01`, NONE),
  parent('a parent id too short', `00-${TRACE_ID}-${SPAN_ID.slice(1)}-01`, NONE),
  parent('a parent id too long', `00-${TRACE_ID}-${SPAN_ID}0-01`, NONE),
  // traceparent: form
  parent('other separators', `00_${TRACE_ID}_${SPAN_ID}_01`, NONE),
  parent('nothing in it', '', NONE),
  parent('a blank within', `00-${TRACE_ID}- ${SPAN_ID}-01`, NONE),
  // HTTP takes blanks off both ends of a value; a field of an envelope is what it is.
  { ...parent('blanks around it', ` \t${VALID} \t`, NONE), overHttp: SAMPLED },
  { name: 'no header at all', headers: [], want: NONE },
  // traceparent: name and number. An envelope has a field once, by one name.
  { name: 'a name in capitals', headers: [['TRACEPARENT', VALID]], want: SAMPLED, overBus: NONE },
  { name: 'a name in mixed case', headers: [['TraceParent', VALID]], want: SAMPLED, overBus: NONE },
  { name: 'a name with a dash', headers: [['trace-parent', VALID]], want: NONE },
  { name: 'a name with a dot', headers: [['trace.parent', VALID]], want: NONE },
  {
    name: 'twice the same',
    headers: [
      ['traceparent', VALID],
      ['traceparent', VALID],
    ],
    want: NONE,
    overBus: 'cannot be sent',
  },
  {
    name: 'two that differ',
    headers: [
      ['traceparent', VALID],
      ['traceparent', `00-${TRACE_ID}-${'1'.repeat(16)}-01`],
    ],
    want: NONE,
    overBus: 'cannot be sent',
  },
  {
    name: 'twice under two spellings',
    headers: [
      ['traceparent', VALID],
      ['TraceParent', VALID],
    ],
    want: NONE,
    overBus: SAMPLED,
  },
  // tracestate: without a traceparent it says nothing
  { name: 'a tracestate alone', headers: [['tracestate', 'a=1']], want: NONE },
  {
    name: 'a tracestate beside a traceparent that is wrong',
    headers: [
      ['traceparent', `00-${TRACE_ID}-${SPAN_ID}-1`],
      ['tracestate', 'a=1'],
    ],
    want: NONE,
  },
  // tracestate: the list
  state('one entry', 'foo=1', 'foo=1'),
  state('entries in their order', 'foo=1,bar=2', 'foo=1,bar=2'),
  state('blanks and tabs around entries', 'foo=1 \t , \t bar=2, \t baz=3', 'foo=1,bar=2,baz=3'),
  state('blanks around the list', ' foo=1\t', 'foo=1'),
  state('empty entries', 'foo=1,,  ,bar=2,', 'foo=1,bar=2'),
  state('nothing in it', '', ''),
  state('nothing but commas', ',,', ''),
  state('a key that is repeated: the leftmost counts', 'foo=1,bar=2,foo=3', 'foo=1,bar=2'),
  state('as many entries as there may be', members(MAX_TRACESTATE_MEMBERS), members(MAX_TRACESTATE_MEMBERS)),
  state('one entry too many', members(MAX_TRACESTATE_MEMBERS + 1), ''),
  state('one bad entry spoils the list, and not the traceparent', 'foo=1,Bar=2', ''),
  // Node takes 16 KiB of headers in all.
  state('as long as may be read', LONGEST, 'a=1', { overHttp: 'cannot be sent' }),
  state('longer than may be read', ` ${LONGEST}`, '', { overHttp: 'cannot be sent' }),
  // tracestate: name and number
  {
    name: 'several are one list',
    headers: [
      ['traceparent', VALID],
      ['tracestate', 'foo=1'],
      ['tracestate', 'bar=2,baz=3'],
    ],
    want: { flags: 1, tracestate: 'foo=1,bar=2,baz=3' },
    overBus: 'cannot be sent',
  },
  {
    name: 'several, one of them empty',
    headers: [
      ['traceparent', VALID],
      ['tracestate', 'foo=1'],
      ['tracestate', ''],
    ],
    want: { flags: 1, tracestate: 'foo=1' },
    overBus: 'cannot be sent',
  },
  {
    name: 'several with too many entries together',
    headers: [
      ['traceparent', VALID],
      ['tracestate', members(20)],
      ['tracestate', members(33).split(',').slice(20).join(',')],
    ],
    want: SAMPLED,
    overBus: 'cannot be sent',
  },
  {
    name: 'a name of tracestate in mixed case',
    headers: [
      ['traceparent', VALID],
      ['TraceState', 'foo=1'],
    ],
    want: { flags: 1, tracestate: 'foo=1' },
    overBus: SAMPLED,
  },
  // tracestate: keys
  state('a key of every character there may be', 'a0_-*/@=1', 'a0_-*/@=1'),
  state('a key that begins with a digit (level 2)', '0a=1', '0a=1'),
  state('a key of a tenant', 'tenant@system=1', 'tenant@system=1'),
  state('a key that begins with an at sign', '@system=1', ''),
  state('a key that begins with a dash', '-foo=1', ''),
  state('a key in capitals', 'Foo=1', ''),
  state('a key with a blank', 'foo =1', ''),
  state('a key with a dot', 'foo.bar=1', ''),
  state('no key', '=1', ''),
  state('the longest key', `${'z'.repeat(256)}=1`, `${'z'.repeat(256)}=1`),
  state('a key too long', `${'z'.repeat(257)}=1`, ''),
  // tracestate: values
  state('no equals sign', 'foo', ''),
  state('no value', 'foo=', ''),
  state('a value of blanks', 'foo=  ', ''),
  state('two equals signs', 'foo=1=2', ''),
  state('a value with blanks in it', 'foo=a b', 'foo=a b'),
  state('a value that begins with a blank', 'foo= b', 'foo= b'),
  state('a value with a tab in it', 'foo=a\tb', ''),
  state('the longest value', `foo=${'v'.repeat(256)}`, `foo=${'v'.repeat(256)}`),
  state('a value too long', `foo=${'v'.repeat(257)}`, ''),
  state('a value beyond ASCII', 'foo=\u00e9', ''),
  state('a value with a control character', 'foo=a\u0007', '', { overHttp: 'cannot be sent' }),
  state(
    'a value of every mark there may be',
    'foo=!"#$%&\'()*+-./:;<>?@[\\]^_`{|}~',
    'foo=!"#$%&\'()*+-./:;<>?@[\\]^_`{|}~',
  ),
]
