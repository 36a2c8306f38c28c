/** A bare DEALER socket with a module's keys, connected: the bus without anything of ours. */
import { Dealer } from 'zeromq'
import type { ModuleCredential } from '../../src/wire/bus-credential.ts'

type Keys = Pick<ModuleCredential, 'endpoint' | 'serverPublicKey' | 'publicKey' | 'secretKey'>

export function bareDealer({ endpoint, serverPublicKey, publicKey, secretKey }: Keys): Dealer {
  const socket = new Dealer({
    curveServerKey: serverPublicKey,
    curvePublicKey: publicKey,
    curveSecretKey: secretKey,
    linger: 0,
  })
  socket.connect(endpoint)
  return socket
}
