import type { Subnet } from '../../config/site.ts'
import { isHostname } from '../../config/values.ts'
import { isHost, leaseWithin } from '../network/host.ts'
import type { Often } from '../often.ts'
import { listOf, mapOf, numberOf, textOf, type Json } from './json.ts'

/** What subnets are told: `routers`, `domain-name-servers` …, and `valid-lifetime`. */
export type Settings = ReadonlyMap<string, Json>

/** By code, as Kea takes them too; only those of the space dhcp4. */
const options: ReadonlyMap<string | number, string> = new Map<string | number, string>([
  ...['routers', 'domain-name-servers', 'ntp-servers', 'domain-name'].map((name) => [name, name] as const),
  [3, 'routers'],
  [6, 'domain-name-servers'],
  [42, 'ntp-servers'],
  [15, 'domain-name'],
])

export function settingsIn(json: Json, outer: Settings, often: Often): Settings {
  const settings = new Map(outer)
  const map = mapOf(json)
  for (const option of listOf(map.get('option-data'))) {
    const name = optionOf(option)
    const data = mapOf(option).get('data')
    if (name !== undefined && data && mapOf(option).get('csv-format')?.value !== false) settings.set(name, data)
    else often.add(option, `option-data ${calledOf(option)}`, 'it is not taken: write it under options:')
  }
  const lease = map.get('valid-lifetime')
  if (lease) settings.set('valid-lifetime', lease)
  return settings
}

/** What an option is called, in messages. */
export function calledOf(option: Json): string {
  const map = mapOf(option)
  const name = textOf(map.get('name')) ?? String(numberOf(map.get('code')) ?? '')
  return /^[\w.-]{1,60}$/.test(name) ? name : 'of an unknown kind'
}

function optionOf(option: Json): string | undefined {
  const map = mapOf(option)
  const space = textOf(map.get('space')) ?? 'dhcp4'
  if (space !== 'dhcp4') return undefined
  return options.get(textOf(map.get('name')) ?? numberOf(map.get('code')) ?? '')
}

export function settingsOf(
  settings: Settings,
  often: Often,
): Pick<Subnet, 'router' | 'dns' | 'ntp' | 'domain' | 'lease'> {
  const list = (name: string): readonly string[] => addressesOf(settings.get(name), name, often)
  const [router, ...others] = list('routers')
  if (others.length > 0)
    often.add(settings.get('routers')!, 'routers', 'a subnet has one router here: the first is taken')
  const domain = domainOf(settings.get('domain-name'), often)
  return {
    ...(router !== undefined && { router }),
    dns: list('domain-name-servers'),
    ntp: list('ntp-servers'),
    ...(domain !== undefined && { domain }),
    lease: leaseOf(settings.get('valid-lifetime'), often),
  }
}

function addressesOf(json: Json | undefined, name: string, often: Often): readonly string[] {
  const texts = (textOf(json) ?? '').split(',').map((text) => text.trim())
  return texts.flatMap((text) => {
    if (isHost(text)) return [text]
    if (json) often.add(json, name, 'something in it is no IPv4 address of a host: add the address')
    return []
  })
}

function domainOf(json: Json | undefined, often: Often): string | undefined {
  const text = textOf(json)?.replace(/\.$/, '')
  if (text === undefined || isHostname(text)) return text
  often.add(json!, 'domain-name', 'one domain is taken, written as RFC 1123 has it')
  return undefined
}

/** Kea's own: 7200 where nothing is said. */
function leaseOf(json: Json | undefined, often: Often): number {
  const seconds = numberOf(json) ?? 7200
  const lease = leaseWithin(seconds)
  if (json && lease !== seconds)
    often.add(json, 'valid-lifetime', `a lease lasts a minute at least and ends some day: ${lease} seconds are taken`)
  return lease
}
