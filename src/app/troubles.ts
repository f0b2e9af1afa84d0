import { accessSync, constants, readFileSync, statfsSync } from 'node:fs'
import type { Finding } from '../api/finding.ts'
import { diskFull } from '../api/trace/known.ts'
import { didYouMean } from '../config/suggest.ts'
import type { Site } from '../config/site.ts'
import { ownIpv4 } from '../net/interfaces.ts'

/** What is wrong with the server itself, whatever the site says; the worst first. `failure`: what the disk said when it last took nothing. */
export function troublesOf(site: Site, data: string | undefined, failure?: string): readonly Finding[] {
  return [...diskTroubles(data, failure), ...addressTroubles(site), ...interfaceTroubles(site)]
}

/** Bytes: below the first nothing that a boot needs can be written, below the second it is time to make room. */
const full = 1 << 20
const low = 100 << 20

function diskTroubles(data: string | undefined, failure: string | undefined): readonly Finding[] {
  const free = data === undefined ? undefined : freeBytes(data)
  const hint = 'make room: image gc gives back what no version needs'
  const isFull = (free !== undefined && free < full) || (failure !== undefined && /full|ENOSPC/i.test(failure))
  const what = 'nothing can be written, and new machines get no address until it can'
  if (isFull) return [{ severity: 'error', message: `${diskFull}${data} is full: ${what}`, hint }]
  if (failure !== undefined) return [{ severity: 'error', message: `${diskFull}${data} says ${failure}: ${what}` }]
  if (free === undefined || free >= low) return []
  return [{ severity: 'warning', message: `${diskFull}${data} has ${Math.floor(free / (1 << 20))} MiB left`, hint }]
}

/** Why nothing can be written in a data directory; undefined where it can be, or where there is none yet. */
export function whyUnwritable(directory: string): string | undefined {
  const free = freeBytes(directory)
  if (free === undefined) return undefined
  if (free < full) return `${diskFull}${directory} is full`
  try {
    accessSync(directory, constants.W_OK)
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS' ? `${diskFull}${directory} is read-only` : undefined
  }
}

/** Undefined where there is no such directory. */
function freeBytes(directory: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(directory)
    return bavail * bsize
  } catch {
    return undefined
  }
}

/** Nobody hears what is asked there; one that comes later is found when it comes. */
function interfaceTroubles({ server: { dhcp, dhcp6 } }: Site): readonly Finding[] {
  const here = ownDevices()
  if (here === undefined) return []
  const named = Object.entries({ dhcp, dhcp6 }).flatMap(([key, { interfaces, subnets }]) => [
    ...interfaces.map((name) => [`${key}.interfaces`, name] as const),
    ...subnets.flatMap(({ interface: name }) => (name === undefined ? [] : [[`${key}.subnets`, name] as const])),
  ])
  return named
    .filter(([, name]) => !here.includes(name))
    .map(([field, name]) => ({
      severity: 'warning',
      message: `${field}: there is no interface ${name} on this host`,
      file: 'birnam.yaml',
      hint: didYouMean(name, here, 'see them with `ip link`'),
    }))
}

/** All of this network namespace, with or without an address, which sysfs is not bound to; undefined where the kernel shows none. */
function ownDevices(): readonly string[] | undefined {
  try {
    const [, , ...lines] = readFileSync('/proc/self/net/dev', 'utf8').split('\n')
    return lines.map((line) => line.slice(0, Math.max(0, line.indexOf(':'))).trim()).filter((name) => name !== '')
  } catch {
    return undefined
  }
}

/** What machines are told to fetch from must be this host. */
function addressTroubles({ server: { address } }: Site): readonly Finding[] {
  const own = ownIpv4()
  if (address === undefined || own.some((one) => one.address === address)) return []
  const has = own.filter(({ internal }) => !internal).map((one) => `${one.address} on ${one.device}`)
  return [
    {
      severity: 'warning',
      message: `address ${address} is on none of this host's interfaces (it has ${has.join(', ') || 'none'}); machines are told to fetch from there`,
      file: 'birnam.yaml',
      hint: 'correct address:, or leave it out',
    },
  ]
}
