import { formatIpv4, readIpv4 } from '../net/ipv4.ts'

/** More hosts than any cluster that SystemImager ever had; a range beyond it is a slip of the pen. */
export const mostHosts = 65_536

/**
 * `node001,node1293-node1308 10.0.0.1-10.0.0.9`: SystemImager's host ranges, each host once, in order. A dash that is no range is
 * written `\-`. Undefined when they are too many.
 */
export function expandHosts(text: string): readonly string[] | undefined {
  const hosts = new Set<string>()
  for (const part of text.split(/[,\s]+/).filter((one) => one !== '')) {
    const range = rangeOf(part)
    if (!range) {
      hosts.add(part.replaceAll('\\-', '-'))
      continue
    }
    if (range.to - range.from + hosts.size >= mostHosts) return undefined
    for (let number = range.from; number <= range.to; number++) hosts.add(range.nameOf(number))
  }
  return [...hosts]
}

interface Range {
  readonly from: number
  readonly to: number
  readonly nameOf: (number: number) => string
}

/** Names whose numbers differ, or addresses; anything else with a dash in it is one name. */
function rangeOf(part: string): Range | undefined {
  const [front = '', end, ...more] = part.split(/(?<!\\)-/)
  if (end === undefined || more.length > 0) return undefined
  const [first, last] = [readIpv4(front), readIpv4(end)]
  if (first !== undefined && last !== undefined)
    return first > last ? undefined : { from: first, to: last, nameOf: formatIpv4 }
  const [, root = '', start, domain = ''] = numbered.exec(front) ?? []
  const [, endRoot = '', stop, endDomain = ''] = numbered.exec(end) ?? []
  if (start === undefined || stop === undefined || root !== endRoot || domain !== endDomain) return undefined
  if (Number(start) > Number(stop)) return undefined
  const base = root.replaceAll('\\-', '-')
  return {
    from: Number(start),
    to: Number(stop),
    nameOf: (number) => `${base}${String(number).padStart(start.length, '0')}${domain}`,
  }
}

const numbered = /^(.*?)(\d{1,15})(\.[^]+)?$/
