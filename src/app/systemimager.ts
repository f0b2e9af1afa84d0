import type { Logger } from 'pino'
import { machineOf } from '../files/house.ts'
import { openMonitor, monitorPort, type Monitor } from '../systemimager/monitor.ts'
import { monitorJournal } from '../systemimager/monitor-journal.ts'
import type { Core } from './core.ts'
import { tryOpen, type Listener, type Opened } from './listeners.ts'

/** What clients of SystemImager find here; only what the site asks for. */
export interface OldDoors {
  readonly listeners: readonly Listener[]
  counters(): Record<string, unknown>
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
  return {
    listeners: [monitor].flatMap((opened) => (opened ? [opened.listener] : [])),
    counters: () => ({ ...(monitor?.door && { monitor: monitor.door.counters }) }),
    async close() {
      await monitor?.door?.close()
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
