/** What the process holds on to, without what only waits to be collected: how much is resident says nothing of that. */
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes of the heap and of buffers beside it. Buffers are given back some turns after their objects were collected. */
export async function heldMemory(): Promise<number> {
  for (let n = 0; n < 3; n++) {
    collect()
    await turn()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
