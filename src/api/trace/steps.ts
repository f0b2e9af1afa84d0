import {
  hasAddress,
  isAfterwards,
  isOffer,
  menuGiven,
  menuOf,
  nameOf,
  toldFile,
  wasSent,
  type Events,
  type Facts,
} from './facts.ts'

export type StepName = 'address' | 'loader' | 'menu' | 'kernel' | 'initrd' | 'answer' | 'script' | 'report'

/** A step of a boot, and the usual reasons that it does not come: the first that nothing contradicts is said. */
export interface Step {
  readonly name: StepName
  readonly step: string
  readonly usual: readonly Usual[]
  /** Milliseconds of silence that are nothing unusual before it. */
  readonly patience: number
  /** Whether an event shows that the step came. */
  readonly came: (events: Events) => boolean
}

interface Usual {
  readonly cause: string
  readonly when?: (facts: Facts) => boolean
}

export const never = {
  step: 'DHCPDISCOVER',
  cause:
    'the machine is off, boots its disk first, has no link, or is on a network that this server does not listen on',
} as const

const steps: Readonly<Record<StepName, Step>> = {
  address: {
    name: 'address',
    step: 'DHCPREQUEST: the machine takes the offer',
    patience: 10_000,
    usual: [
      {
        cause: 'this server heard it and made it no offer, and no event says why; its log may',
        when: ({ events }) => !events.some(isOffer),
      },
      {
        cause:
          'the offer did not reach the machine (VLAN, DHCP snooping on the switch, spanning tree), or another DHCP server was faster',
      },
    ],
    came: (events) => undeclined(events).some((event) => hasAddress(event) || wasSent(event) || menuGiven(event)),
  },
  loader: {
    name: 'loader',
    step: 'the first loader',
    patience: 10_000,
    usual: [
      {
        cause:
          'the HTTP port of this server is blocked between machine and server, or its firmware does not boot by HTTP',
        when: ({ events }) => /^https?:/.test(toldFile(events)?.file ?? ''),
      },
      {
        cause:
          'UDP port 69 is blocked between machine and server, or the firmware was told to fetch from elsewhere by another DHCP server',
      },
    ],
    came: (events) => events.some((event) => wasSent(event) || menuGiven(event)),
  },
  menu: {
    name: 'menu',
    step: 'the menu',
    patience: 15_000,
    usual: [
      {
        cause: 'the loader does not run on this machine, or finds no network: a second network card, or spanning tree',
      },
    ],
    came: (events) => events.some(menuGiven),
  },
  kernel: {
    name: 'kernel',
    step: 'the kernel',
    patience: 30_000,
    usual: [{ cause: 'the loader has its menu and waits there, or its console says why it does not go on' }],
    came: (events) => bootFiles(events) >= 1 || isAfterwards(events),
  },
  initrd: {
    name: 'initrd',
    step: 'the initrd',
    patience: 30_000,
    usual: [{ cause: 'the kernel did not fit into memory, or the console of the loader says why it does not go on' }],
    came: (events) => bootFiles(events) >= filesOf(events) || isAfterwards(events),
  },
  answer: {
    name: 'answer',
    step: 'the answer',
    patience: 180_000,
    usual: [
      {
        cause:
          'the started system has no driver for its network card, no address (spanning tree, second card), or could not reach the HTTP port',
      },
    ],
    came: isAfterwards,
  },
  script: {
    name: 'script',
    step: 'the install script',
    patience: 180_000,
    usual: [
      {
        cause:
          'the imager has no driver for its network card, no address (spanning tree, second card), or could not reach the HTTP port',
      },
    ],
    came: (events) => events.some(({ type }) => type === 'script.given' || type.startsWith('report.')),
  },
  report: {
    name: 'report',
    step: 'the report that it is done',
    patience: 600_000,
    usual: [{ cause: 'the installer stopped with a question or an error on its console; see the last report above' }],
    came: (events) => events.some(({ type }) => type === 'report.done'),
  },
}

/** Where a boot can stop, in order, and why that usually is; docs/boot.md has the same table. */
export const stops: readonly { readonly step: string; readonly cause: string }[] = [
  never,
  ...Object.values(steps).flatMap(({ step, usual }) => usual.map(({ cause }) => ({ step, cause }))),
]

/** The first step that did not come. */
export function missingStep(events: Events): Step | undefined {
  return stepsFor(events).find(({ came }) => !came(events))
}

export function reportStep(): Step {
  return steps.report
}

/** What this is usually, and nothing that is known contradicts. */
export function usualCause({ usual }: Step, facts: Facts): string {
  return usual.find(({ when }) => when === undefined || when(facts))!.cause
}

// A local boot ends with its menu; a live one with its kernel and initrd, or with its answer; what wipes, with `done`.
function stepsFor(events: Events): readonly Step[] {
  const { address, loader, menu, kernel, initrd, answer, script, report } = steps
  const { plan, files, answer: fetches } = menuOf(events)?.detail ?? {}
  if (plan === 'local' || plan === 'ignore') return [address, loader, menu]
  // What comes from another server is not seen from here.
  const fetched = files === 0 ? [] : [kernel, initrd]
  const booting = [address, loader, menu, ...fetched, ...(fetches === true ? [answer] : [])]
  if (plan === 'image') return [...booting, script, report]
  return plan === 'live' ? booting : [...booting, report]
}

/** An address that it declined it does not have. */
function undeclined(events: Events): Events {
  return events.slice(events.findLastIndex(({ type }) => /^dhcp6?\.decline$/.test(type)) + 1)
}

function filesOf(events: Events): number {
  return Number(menuOf(events)?.detail?.['files'] ?? 1)
}

/** How many different kernels and initrds went out. */
function bootFiles(events: Events): number {
  return new Set(events.filter((event) => wasSent(event) && event.detail?.['stage'] === 'kernel').map(nameOf)).size
}
