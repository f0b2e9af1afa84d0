import { readMac, type Mac } from '../../net/mac.ts'
import type { Statement } from './file.ts'
import { settingNames, valuesOf, type Scope } from './scope.ts'
import { nameOf, reasonFor } from './reasons.ts'
import type { Often } from '../often.ts'

/** A `host` as it stands in the file. */
export interface OldHost {
  readonly name: string
  readonly mac?: Mac
  /** Addresses, and names that DNS would have to resolve. */
  readonly addresses: readonly string[]
  readonly hostname?: string
  readonly group?: string
  readonly file: string
  readonly line: number
}

export function readHost({ words, block = [], file, line }: Statement, { group }: Scope, often: Often): OldHost {
  let mac: Mac | undefined
  let addresses: readonly string[] = []
  let hostname: string | undefined
  for (const statement of block) {
    const name = nameOf(statement)
    if (name === 'hardware') mac = macOf(statement, often) ?? mac
    else if (name === 'fixed-address') addresses = valuesOf(statement, name).map(({ text }) => text)
    else if (name === 'option host-name') hostname = valuesOf(statement, name)[0]?.text
    else tellOther(statement, often)
  }
  return {
    name: words[1]?.text ?? '',
    ...(mac && { mac }),
    addresses,
    ...(hostname !== undefined && { hostname }),
    ...(group !== undefined && { group }),
    file,
    line,
  }
}

function macOf(statement: Statement, often: Often): Mac | undefined {
  const [, type, text] = statement.words.map((word) => word.text)
  // dhcpd takes 0:1:2 for 00:01:02.
  const pairs = (text ?? '').split(':').map((pair) => pair.padStart(2, '0'))
  const mac = type?.toLowerCase() === 'ethernet' ? readMac(pairs.join(':')) : undefined
  if (mac !== undefined && mac !== '00:00:00:00:00:00' && (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0) return mac
  often.add(statement, 'hardware', 'it is not the MAC address of an Ethernet card')
  return undefined
}

function tellOther(statement: Statement, often: Often): void {
  const name = nameOf(statement)
  const ofSubnet = 'what a machine is told is that of its subnet here, not of one host'
  const why = settingNames.has(name) ? ofSubnet : reasonFor(statement)
  if (why !== undefined) often.add(statement, `${name} of a host`, why)
}
