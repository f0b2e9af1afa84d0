import type { Datagram, Wire } from '../dhcp/wire.ts'
import type { Udp } from '../net/udp.ts'

/** A DHCP wire on a UDP socket that is bound to one interface, so a broadcast is answered where it came in. */
export async function openWire(udp: Udp, device: string, port: number): Promise<Wire> {
  let listener: (batch: readonly Datagram[]) => void = () => {}
  let batch: Datagram[] = []
  const socket = await udp.open({
    device,
    port,
    broadcast: true,
    reuse: true,
    onMessage: ({ bytes, address, port: from }) => void batch.push({ bytes, address, port: from }),
    onBatchEnd() {
      const whole = batch
      batch = []
      listener(whole)
    },
    onError: () => {},
  })
  return {
    receive: (told) => void (listener = told),
    send(replies) {
      for (const { bytes, address, port: to } of replies) socket.send(bytes, to, address)
      socket.flush?.()
    },
    close: () => socket.close(),
  }
}
