import type { FastifyInstance } from 'fastify'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { reinstall } from '../../src/api/desk.ts'
import { addRoutes } from '../../src/api/routes.ts'
import { defaultServer } from '../../src/config/shape.ts'
import { openGolden } from '../../src/app/images.ts'
import { advise } from '../../src/files/advise.ts'
import type { Golden } from '../../src/files/house.ts'
import { apiServer } from '../../src/http/api-server.ts'
import { capture } from '../../src/image/capture.ts'
import { openDirectory } from '../../src/image/capture-machine.ts'
import { noCache } from '../../src/image/tree-cache.ts'
import { mac, openHouse, own, type TestHouse } from '../house.ts'
import { openPlace } from '../lab/place.ts'

const rom = { door: 'dhcp', asker: 'firmware', arch: 0, mac } as const
const fleet = `
machines:
  - { name: duncan, mac: "52:54:00:77:00:01", ip: 10.77.0.11, profile: web, vars: { role: king, password: hunter22 } }
profiles:
  - { name: web, kind: image, image: porter }
`

/** A house with one golden image, its imager, and an API over it. */
export interface Scene extends AsyncDisposable {
  readonly house: TestHouse
  readonly app: FastifyInstance
  readonly golden: Golden
  /** Captures the tree again, changed. */
  next(): Promise<void>
  /** Arms, boots to the menu and gives the token of its session. */
  boot(wish?: { readonly to?: string; readonly disks?: string }): Promise<string>
  get(
    url: string,
    from?: string,
  ): Promise<{ readonly statusCode: number; readonly body: string; readonly rawPayload: Buffer }>
}

export async function openScene(change: Readonly<Record<string, string>> = {}): Promise<Scene> {
  await using opening = new AsyncDisposableStack()
  const place = opening.use(await openPlace())
  const golden = openGolden(join(place.path, 'data'), defaultServer().images)
  mkdirSync(golden.imager, { recursive: true })
  for (const name of ['vmlinuz', 'initrd.img']) writeFileSync(join(golden.imager, name), 'x')
  const tree = join(place.path, 'tree')
  mkdirSync(join(tree, 'etc'), { recursive: true })
  writeFileSync(join(tree, 'etc/old'), 'old')
  const take = async (): Promise<void> => {
    await using source = openDirectory(tree)
    await capture(golden.store, source, { as: 'porter', cache: noCache })
  }
  await take()
  const house = opening.use(openHouse({ 'fleet.yaml': fleet, ...change }, golden))
  const app = apiServer()
  opening.defer(() => app.close())
  const nothing = {
    status: () => ({}),
    reload: () => Promise.resolve({ changed: false, problems: [] }),
    leases: () => [],
    check: () => Promise.resolve({}),
    known: { nameOf: () => 'macbeth', where: 'nowhere' },
  }
  addRoutes(app, { house: house.house, shelf: house.shelf, reply: () => [], ...nothing })
  await app.ready()
  const opened = opening.move()
  return {
    house,
    app,
    golden,
    async next() {
      rmSync(join(tree, 'etc/old'))
      writeFileSync(join(tree, 'etc/new'), 'new')
      await take()
    },
    async boot(wish = {}) {
      await reinstall(house.house, 'duncan', { by: 'test', ...wish })
      const { boot } = advise(house.house, rom, '10.77.0.1')
      const menu = house.text(`${boot!.file.replace('pxelinux.0', '')}pxelinux.cfg/01-52-54-00-77-00-01`)
      return /birnam\.script=http:\/\/10\.77\.0\.1\/i\/(\S+)/.exec(menu)?.[1] ?? menu
    },
    get: (url, from = own) => app.inject({ url, remoteAddress: from }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}
