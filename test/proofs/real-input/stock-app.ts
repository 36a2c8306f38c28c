/**
 * A shop under load, for the proof of real input: OpenTelemetry as it comes, and nothing of this package, with values of
 * every kind. At the end it prints how much of what it made was taken, and lost.
 *
 *   node stock-app.ts URL FOLDER TRACES
 */
import { context, SeverityNumber, SpanKind, SpanStatusCode, trace, type Span } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { logger, meter, shop, shutDown, stock, taken } from './stock-telemetry.ts'

const tracesWanted = Number(process.argv[4])
/** Traces made between two looks at what waits. */
const TRACES_A_TURN = 20
/** Records that may wait for an exporter; beyond, the shop is closed for a moment. */
const MAX_WAITING = 3_000

const made = { spans: 0, logs: 0 }

context.setGlobalContextManager(new AsyncLocalStorageContextManager())
const ROUTES = ['/checkout', '/cart', '/search', '/über-uns', '/商品'] as const
const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const
const STATUSES = [200, 201, 302, 404, 500] as const
const GREETINGS = [
  'Grüße aus Köln',
  'e\u0301cole',
  'école',
  '日本語のテキスト',
  '🚀 to the moon 👩‍🚀',
  'ﬁne İstanbul',
  '',
] as const
/** Of one key, values of every type that read alike. */
const ALIKE = [200, '200', 200.5, '200.5', true, 'true', false, 'false', '', [200, 201.25], ['200', 'a=b']] as const
const LEVELS = [SeverityNumber.INFO, SeverityNumber.WARN, SeverityNumber.ERROR2, SeverityNumber.DEBUG] as const
const LONG_TEXT = 'a long story, told once more: '.repeat(80)

const orders = meter.createCounter('shop.orders', { unit: '{order}' })
const carts = meter.createUpDownCounter('shop.carts')
const latency = meter.createHistogram('shop.latency', { unit: 'ms', description: 'of a request' })
const weight = meter.createHistogram('shop.weight', { unit: 'kg' })
meter.createObservableGauge('shop.memory', { unit: 'By' }).addCallback((memory) => {
  memory.observe(2_048, { pool: 'young', generation: 0 })
  memory.observe(4_096.5, { pool: 'öld', generation: 1 })
})

let last: Span | undefined

function inSpan(span: Span, work: () => void): void {
  made.spans++
  context.with(trace.setSpan(context.active(), span), work)
  span.end()
}

function serve(n: number): void {
  const [route, method, status] = [ROUTES[n % 5] as string, METHODS[n % 4] as string, STATUSES[n % 5] as number]
  const attributes = {
    'http.request.method': method,
    'http.route': route,
    'http.response.status_code': status,
    'url.full': `https://shop.example${route}?q=${encodeURIComponent(GREETINGS[n % 7] as string)}&n=${n}`,
    'user.id': `user-${n % 997}`,
    'order.id': n,
    'cart.total': (n % 50) * 1.25,
    'cart.vip': n % 3 === 0,
    greeting: GREETINGS[n % 7] as string,
    nothing: '',
    'a key with spaces, "quotes" and \\': `value "${n % 3}" \\ =`,
    schlüssel: n % 2,
    // Called like what a search knows by itself.
    status: n % 2 === 0 ? 'error' : 'fine',
    name: `name ${n % 4}`,
    duration: (n % 10) * 100,
    text: 'refused',
    trace: 'abcd',
  }
  const root = shop.startSpan(`${method} ${route}`, { kind: SpanKind.SERVER, attributes, ...linkTo(last) })
  inSpan(root, () => {
    decide(n)
    if (n % 4 === 0) log(n)
    reserve(n)
    if (n % 7 === 0) fail(n)
    send(n)
    root.setStatus(status >= 500 ? { code: SpanStatusCode.ERROR, message: `boom ${n % 3}` } : { code: statusOf(n) })
    measure(n, { route, method, status, vip: n % 3 === 0, ratio: (n % 4) / 4 })
  })
  last = root
}

function statusOf(n: number): SpanStatusCode {
  return n % 2 === 0 ? SpanStatusCode.OK : SpanStatusCode.UNSET
}

function linkTo(span: Span | undefined) {
  if (span === undefined) return {}
  return { links: [{ context: span.spanContext(), attributes: { 'link.kind': 'customer before' } }] }
}

/** Work within the shop: lists of every type, and one key that is of another type each time. */
function decide(n: number): void {
  const span = shop.startSpan('decide')
  inSpan(span, () => {
    span.setAttributes({
      alike: ALIKE[n % ALIKE.length],
      'cart.items': [`item-${n % 11}`, `item-${n % 13}`, 'Brötchen'],
      'cart.prices': [n % 9, 0.5 + (n % 6), -3],
      'cart.flags': [n % 2 === 0, true],
      'empty.list': [],
      'mixed.empty': ['', 'x'],
      largest: Number.MAX_SAFE_INTEGER - (n % 2),
      smallest: -(n % 7) - 1,
      tiny: 5e-324,
      precise: 1e15 + 0.5,
      fraction: 0.1 + 0.2,
      story: n % 50 === 0 ? LONG_TEXT : 'short',
    })
    span.addEvent('cache.miss', { 'cache.key': `key-${n % 13}`, 'cache.tries': n % 3, 'cache.sizes': [1, 2.5] })
    span.addEvent('no attributes')
  })
}

/** A call from one service to the other. */
function reserve(n: number): void {
  const call = shop.startSpan('reserve', { kind: SpanKind.CLIENT, attributes: { 'rpc.system': 'grpc' } })
  inSpan(call, () => {
    const attributes = {
      'stock.shelf': n % 17,
      'stock.item': `item-${n % 11}`,
      'stock.left': n / 8,
      greeting: GREETINGS[n % 7] as string,
    }
    inSpan(stock.startSpan('Stock/Reserve', { kind: SpanKind.SERVER, attributes }), () => {})
  })
}

function fail(n: number): void {
  const span = shop.startSpan('charge card')
  inSpan(span, () => {
    span.recordException(new RangeError(`card ${n % 5} declined: «zu wenig»`))
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'declined' })
  })
}

/** A message, and who took it in a trace of its own. */
function send(n: number): void {
  const producer = shop.startSpan('mail send', {
    kind: SpanKind.PRODUCER,
    attributes: { 'messaging.partition': n % 4 },
  })
  inSpan(producer, () => {})
  const consumer = stock.startSpan(
    'mail process',
    { kind: SpanKind.CONSUMER, root: true, attributes: { 'messaging.partition': n % 4 }, ...linkTo(producer) },
    context.active(),
  )
  inSpan(consumer, () => {})
}

function log(n: number): void {
  made.logs += 2
  logger.emit({
    severityNumber: LEVELS[(n / 4) % LEVELS.length] as SeverityNumber,
    severityText: 'as said',
    body: `Bestellung ${n} von user-${n % 997}: ${GREETINGS[n % 7] as string}`,
    attributes: {
      'log.record.uid': `text-${n}`,
      'order.id': n,
      paid: n % 3 === 0,
      amount: (n % 40) / 4,
      tags: ['new', `tag-${n % 6}`],
      address: { city: 'Köln', lines: ['a', 'b'] },
      raw: Uint8Array.of(1, 2, n % 256),
      nothing: '',
      severity: 'own',
    },
  })
  logger.emit({
    eventName: 'shop.order.placed',
    severityNumber: SeverityNumber.INFO,
    body: { order: n, items: ['a', 'b'], vip: n % 3 === 0 },
    attributes: { 'log.record.uid': `event-${n}`, 'event.step': n % 5 },
  })
}

function measure(n: number, attributes: Readonly<Record<string, string | number | boolean>>): void {
  orders.add(1 + (n % 3), attributes)
  carts.add(n % 2 === 0 ? 1 : -1, { till: `till ${n % 3}` })
  latency.record((n % 400) + 0.5, { route: attributes['route'] as string })
  weight.record((n % 100) / 10, { grade: ['a', 'b', 'ç'][n % 3] as string })
}

const waiting = (): number => made.spans + made.logs - taken.spans - taken.logs - taken.failed

const began = performance.now()
for (let n = 0; n < tracesWanted; n++) {
  serve(n)
  if (n % TRACES_A_TURN !== 0) continue
  await nextTurn()
  while (waiting() > MAX_WAITING) await pause(5)
}
await shutDown()
const seconds = (performance.now() - began) / 1_000
process.stdout.write(JSON.stringify({ ...taken, lost: taken.failed + waiting(), seconds }))
