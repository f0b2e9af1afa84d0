import type { Machine } from '../config/site.ts'
import type { House } from '../files/house.ts'
import { Shelf } from '../files/shelf.ts'
import { asIfArmed } from './scene.ts'
import { explain, type ForecastReply } from './explain.ts'
import type { FirmwareName } from './firmware.ts'
import type { Mark } from './disguise.ts'

/** What one machine would get: lines by part and firmware, without its secrets. */
export type Rendered = ReadonlyMap<Part, ReadonlyMap<FirmwareName, readonly string[]>>

export const parts = ['plan', 'DHCP reply', 'menu', 'kernel line', 'answer', 'problems'] as const
export type Part = (typeof parts)[number]

const kinds: readonly FirmwareName[] = ['bios', 'uefi']
/** The name and token of a boot session, which are new at every boot. */
const session = /\b[0-9a-f]{12}-[0-9a-z]+-[0-9a-f]{20}(?:\.(?:[0-9a-f]+|\(hidden-\w+\)))?/g

/** Everything that is written for this machine, an install as if its permit were armed. */
export async function render(running: House, reply: ForecastReply, machine: Machine, mark: Mark): Promise<Rendered> {
  const house = asIfArmed(running, machine)
  const shelf = new Shelf(house)
  const rendered = new Map<Part, Map<FirmwareName, readonly string[]>>(parts.map((part) => [part, new Map()]))
  for (const kind of kinds) {
    const {
      plan,
      dhcp,
      menu,
      kernel,
      answer,
      parts: beside,
      problems,
    } = await explain(house, shelf, reply, machine, kind, mark)
    const put = (part: Part, lines: readonly string[]): void =>
      void rendered.get(part)!.set(
        kind,
        lines.map((line) => line.replaceAll(session, 'SESSION')),
      )
    put('plan', [plan.do])
    put('DHCP reply', dhcp)
    put('menu', linesOf(menu))
    put('kernel line', kernel === undefined ? [] : kernel.split(' '))
    put('answer', [...linesOf(answer), ...(beside ?? []).flatMap(({ name, text }) => [`${name}:`, ...linesOf(text)])])
    put('problems', problems)
  }
  return rendered
}

function linesOf(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.trimEnd().split('\n')
}

/** Two secrets can be told apart, in this run alone. */
export const marked: Mark = (tag) => `(hidden-${tag})`
