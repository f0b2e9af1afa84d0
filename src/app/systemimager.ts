import type { Logger } from 'pino'
import type { Site } from '../config/site.ts'
import { cardAt, machineOf } from '../files/house.ts'
import { openMonitor, monitorPort, type Monitor } from '../systemimager/monitor.ts'
import { monitorJournal } from '../systemimager/monitor-journal.ts'
import { openRsync, type Rsyncd } from '../systemimager/rsync.ts'
import type { Core } from './core.ts'
import { tryOpen, type Listener, type Opened } from './listeners.ts'

/** What clients of SystemImager find here; only what the site asks for. */
export interface OldDoors {
  readonly listeners: readonly Listener[]
  counters(): Record<string, unknown>
  /** The site has changed; what listens is not opened anew. */
  update(): void
  close(): Promise<void>
}

export interface OldParts {
  readonly core: Core
  readonly data: string
  readonly log: Logger
}

export async function openSystemImager(parts: OldParts): Promise<OldDoors> {
  const { systemimager } = parts.core.house.registry.site.server
  const monitor = systemimager.monitor ? await openReports(parts) : undefined
  const { rsync: settings } = systemimager
  const rsync = settings && (await openModules(parts, settings))
  return {
    listeners: [monitor, rsync].flatMap((opened) => (opened ? [opened.listener] : [])),
    counters: () => ({
      ...(monitor?.door && { monitor: monitor.door.counters }),
      ...(rsync?.door && { rsync: rsync.door.counters }),
    }),
    update() {
      if (settings) rsync?.door?.update({ data: parts.data, registry: parts.core.house.registry, settings })
    },
    async close() {
      await Promise.all([monitor?.door?.close(), rsync?.door?.close()])
    },
  }
}

function openReports({ core: { house }, log }: OldParts): Promise<Opened<Monitor>> {
  const { address } = house.registry.site.server.http
  return tryOpen('monitor', `${address}:${monitorPort}`, () =>
    openMonitor({
      address,
      listener: monitorJournal({
        journal: house.journal,
        now: house.now,
        nameOf: (mac) => machineOf(house, mac)?.name,
        onStrange: (what, from) => log.warn({ what, from }, 'monitor.strange'),
      }),
    }),
  )
}

type RsyncSettings = NonNullable<Site['server']['systemimager']['rsync']>

function openModules({ core: { house }, data, log }: OldParts, settings: RsyncSettings): Promise<Opened<Rsyncd>> {
  const { listen, port } = settings
  const place = { data, registry: house.registry, settings }
  return tryOpen('rsync', `${listen}:${port}`, () =>
    openRsync(place, {
      onComplete(address, peer) {
        const mac = cardAt(house, peer)
        const machine = house.registry.at(peer)?.name ?? (mac && machineOf(house, mac)?.name)
        if (machine === undefined) return
        const detail = { from: peer, ...(address !== peer && { says: address }) }
        house.journal.recordSeldom(
          { at: house.now(), type: 'monitor.complete', machine, ...(mac && { mac }), detail },
          peer,
        )
      },
      onEnded: (why) => log.error({ why }, 'rsync.ended'),
      onError: (error) => log.error({ err: error }, 'rsync.failed'),
    }),
  )
}
