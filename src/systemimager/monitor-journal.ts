import type { Journal } from '../journal/journal.ts'
import { Seldom } from '../journal/seldom.ts'
import type { Mac } from '../net/mac.ts'
import type { MonitorListener } from './monitor.ts'
import type { ClientState } from './monitor-line.ts'

export interface MonitorJournal {
  readonly journal: Journal
  readonly now: () => number
  /** The name of the machine with that card. */
  readonly nameOf: (mac: Mac) => string | undefined
  readonly onStrange: (why: string, from: string) => void
}

const remembered = 4096

/**
 * What clients say becomes events of the machine they name, and nothing else: no permit is claimed or used up by it. A client says
 * its state every ten seconds; what is new in it is kept. Machines that the site does not have are only counted.
 */
export function monitorJournal({ journal, now, nameOf, onStrange }: MonitorJournal): MonitorListener {
  const last = new Map<Mac, string>()
  const seldom = new Seldom(60_000)
  return {
    onState(mac, state, from) {
      const machine = nameOf(mac)
      const news = newsOf(state)
      if (machine === undefined || last.get(mac) === news) return
      last.delete(mac)
      if (last.size >= remembered) last.delete(last.keys().next().value!)
      last.set(mac, news)
      journal.record({ at: now(), type: 'monitor.state', machine, mac, detail: { ...state, from } })
    },
    onLog(mac, text, from) {
      const machine = nameOf(mac)
      if (machine !== undefined)
        journal.record({ at: now(), type: 'monitor.log', machine, mac, detail: { text, from } })
    },
    onStrange(why, from) {
      if (seldom.pass(why, now()) !== undefined) onStrange(why, from)
    },
  }
}

/** Each tenth of the way. */
function newsOf({ step, percent, image }: ClientState): string {
  return `${step} ${percent === undefined ? '' : Math.floor(percent / 10)} ${image}`
}
