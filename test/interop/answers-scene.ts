import { reinstall } from '../../src/api/desk.ts'
import { addRoutes } from '../../src/api/routes.ts'
import { apiServer } from '../../src/http/api-server.ts'
import { openHttp } from '../../src/http/server.ts'
import { mac, openHouse, type TestHouse } from '../house.ts'

/** A house behind a real HTTP server on loopback, with one machine, duncan, that lives at 127.0.0.1. */
export interface AnswerScene extends AsyncDisposable {
  readonly house: TestHouse
  readonly url: string
  /** Arms an install and boots to its menu, as `loader` reads it: the text, and the words of its kernel line. */
  boot(loader?: 'pxelinux' | 'grub' | 'ipxe'): Promise<{ readonly menu: string; readonly words: readonly string[] }>
  permit(): string | undefined
}

const menus = { pxelinux: 'pxelinux.cfg/default', grub: 'grub.cfg', ipxe: 'boot.ipxe' } as const

export async function openAnswerScene(
  fleet: string,
  files: Readonly<Record<string, string>> = {},
): Promise<AnswerScene> {
  await using opening = new AsyncDisposableStack()
  const server = 'address: 127.0.0.1\n'
  let port = 80
  const house = opening.use(openHouse({ 'birnam.yaml': server, 'fleet.yaml': fleet, ...files }, undefined, () => port))
  house.leases.set(mac, '127.0.0.1')
  const app = apiServer()
  opening.defer(() => app.close())
  addRoutes(app, {
    house: house.house,
    shelf: house.shelf,
    reply: () => [],
    status: () => ({}),
    reload: () => Promise.resolve({ changed: false, problems: [] }),
    leases: () => [],
    check: () => Promise.resolve({}),
    known: { nameOf: () => 'macbeth', where: 'nowhere' },
  })
  await app.ready()
  const http = opening.use(
    await openHttp({
      address: '127.0.0.1',
      port: 0,
      app,
      appPrefixes: ['/r', '/k'],
      source: { find: (name, { peer, headers }) => house.shelf.find(name, { carrier: 'http', peer, headers }) },
      onEnd: (transfer) => house.shelf.ended(transfer),
      onError: () => {},
    }),
  )
  port = http.port
  const kept = opening.move()
  return {
    house,
    url: `http://127.0.0.1:${port}`,
    async boot(loader = 'pxelinux') {
      const machine = house.house.registry.named('duncan')!
      if (house.house.registry.profileOf(machine)?.kind !== 'live')
        await reinstall(house.house, 'duncan', { by: 'a test' })
      const session = house.house.sessions.arriving(mac, house.now)
      const menu = house.text(`s/${session.id}/${menus[loader]}`, { from: '127.0.0.1' })
      const line = /^\s*(?:APPEND|linux|kernel) (.*)$/m.exec(menu)?.[1] ?? ''
      return { menu, words: line.split(' ').map((word) => word.replaceAll("'", '')) }
    },
    permit: () => house.house.permits.of('duncan')?.state,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
