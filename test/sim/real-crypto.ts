/** The agent's own cryptography, with keys and salts that the seed decides. HPKE works on other threads: the world waits for it. */
import { hpkePublicKey, nodeHpke } from '../../src/platform/hpke.ts'
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import { seeded } from '../support/seeded.ts'
import type { SimCrypto } from './sim-device.ts'

export function realCrypto(seed: number): SimCrypto & { settled(): Promise<void> } {
  const chance = seeded(seed)
  let open = Promise.resolve()
  /** One after another, so that two that are under way never end in another order. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = open.then(work)
    open = result.then(
      () => undefined,
      () => undefined,
    )
    return result
  }
  return {
    ...nodeCrypto,
    randomBytes: (length) => Uint8Array.from({ length }, () => chance.below(256)),
    hpkeSeal: (...args) => inTurn(() => nodeHpke.hpkeSeal(...args)),
    hpkeOpen: (...args) => inTurn(() => nodeHpke.hpkeOpen(...args)),
    sealPublicKey: hpkePublicKey,
    async settled() {
      for (let before: unknown; before !== open;) {
        before = open
        await open
      }
    },
  }
}
