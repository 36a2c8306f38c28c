import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toHex, utf8 } from '../../../src/base/bytes.ts'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import {
  manifestBytes,
  MAX_MANIFEST_BYTES,
  PluginManifestError,
  readPluginManifest,
} from '../../../src/wire/plugin-manifest.ts'

interface Vectors {
  readonly accepted: readonly { name: string; text: string; canonical: string; sha256: string }[]
  readonly refused: readonly { name: string; text: string; code: string; field?: string }[]
}
const vectors = JSON.parse(
  readFileSync(new URL('../../vectors/plugin-manifest.json', import.meta.url), 'utf8'),
) as Vectors
const WHOLE = vectors.accepted[1]?.text ?? ''

const code = (wanted: string) => expect.objectContaining({ code: wanted })

describe('a manifest', () => {
  test.each(vectors.accepted)('[PL4] is read, filled in and hashed: $name', ({ text, canonical, sha256 }) => {
    const bytes = manifestBytes(readPluginManifest(utf8(text)))
    expect([new TextDecoder().decode(bytes), toHex(nodeCrypto.sha256(bytes))]).toEqual([canonical, sha256])
  })

  test.each(vectors.accepted)('[PL4] written out is read as the same: $name', ({ text }) => {
    const manifest = readPluginManifest(utf8(text))
    expect(readPluginManifest(manifestBytes(manifest))).toEqual(manifest)
  })

  test.each(vectors.refused)('[PL1] [PL2] [PL3] [PL9] is refused: $name', ({ text, code: wanted, field }) => {
    const details = field === undefined ? {} : { field }
    expect(() => readPluginManifest(utf8(text))).toThrow(expect.objectContaining({ code: wanted, details }))
  })

  test('[PL1] is measured before it is read', () => {
    const fill = (bytes: number) => utf8(`{"v":1,"name":"weather"${' '.repeat(bytes - 24)}}`)
    expect(readPluginManifest(fill(MAX_MANIFEST_BYTES)).name).toBe('weather')
    expect(() => readPluginManifest(fill(MAX_MANIFEST_BYTES + 1))).toThrow(code('PLUGIN_MANIFEST_TOO_LARGE'))
  })

  test('[PL1] that is cut off anywhere is refused', () => {
    const bytes = utf8(WHOLE)
    for (let end = 0; end < bytes.length; end++) {
      expect(() => readPluginManifest(bytes.subarray(0, end)), `cut at ${end}`).toThrow(
        code('PLUGIN_MANIFEST_MALFORMED'),
      )
    }
  })

  test('[PL1] of hostile bytes ends in nothing but its own error, which quotes none of them', () => {
    const fields = ['name', 'title', 'publish', 'subscribe', 'signals', 'attributes', 'recordsPerMinute']
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map(utf8),
      fc.dictionary(fc.constantFrom(...fields), fc.jsonValue()).map((some) => utf8(JSON.stringify({ v: 1, ...some }))),
    )
    fc.assert(
      fc.property(hostile, (bytes) => {
        try {
          readPluginManifest(bytes)
        } catch (err) {
          expect(err).toBeInstanceOf(PluginManifestError)
        }
      }),
    )
  })

  test('[PL1] an error names the field and not what stands in it', () => {
    const secret = 'hunter2'
    expect(() => readPluginManifest(utf8(`{"v":1,"name":"weather","publish":["${secret} !"]}`))).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(secret) }),
    )
  })
})
