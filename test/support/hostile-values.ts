/** What a caller in JavaScript may hand over in any place, whatever the types say. */
const { proxy: revoked, revoke } = Proxy.revocable({}, {})
revoke()
const fails = (): never => {
  throw new Error('of the module')
}

export const hostileValues: readonly { readonly name: string; readonly hostile: unknown }[] = [
  { name: 'undefined', hostile: undefined },
  { name: 'null', hostile: null },
  { name: 'a number', hostile: 7 },
  { name: 'a text', hostile: 'x' },
  { name: 'a symbol', hostile: Symbol('x') },
  { name: 'an empty object', hostile: {} },
  { name: 'a list of nothing', hostile: [null, undefined] },
  { name: 'a function that throws', hostile: fails },
  { name: 'an object that throws', hostile: new Proxy({}, { get: fails }) },
  { name: 'a proxy that was revoked', hostile: revoked },
]
