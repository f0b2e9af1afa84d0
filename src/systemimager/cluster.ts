import { quote } from '../config/problem.ts'
import { Fault } from '../fault.ts'
import { readIpv4 } from '../net/ipv4.ts'
import { expandHosts, mostHosts } from './host-range.ts'
import { isName, type LeftList } from '../takeover/told.ts'
import { readXml, type Element } from './xml.ts'

/** What cluster.xml says, or its flat form. */
export interface Cluster {
  /** Of all machines; the strongest first. */
  readonly overrides: readonly string[]
  readonly groups: readonly ClusterGroup[]
}

export interface ClusterGroup {
  readonly name: string
  readonly line: number
  /** Lower is stronger. */
  readonly priority: number
  readonly image?: string
  /** The strongest first. */
  readonly overrides: readonly string[]
  readonly nodes: readonly string[]
  /** Addresses, as many as nodes: the first name in the alphabet has the lowest. */
  readonly addresses: readonly string[]
  readonly domain?: string
}

export const noCluster: Cluster = { overrides: [], groups: [] }

/** Groups without a priority come after all that have one. */
const weakest = 999_999_999

/** Throws `config-invalid` with file and line for what is no cluster.xml. */
export function readClusterXml(file: string, text: string, left: LeftList): Cluster {
  const root = readXml(file, text)
  const groups: ClusterGroup[] = []
  for (const element of root.children) {
    if (element.name === 'group') {
      const group = groupOf(element, file, left)
      if (groups.some(({ name }) => name === group?.name))
        throw refused(file, element.line, `there is a second group ${quote(group!.name)}`, 'give each its own name')
      if (group) groups.push(group)
    } else if (!['name', 'override', 'master'].includes(element.name))
      left.add(file, `<${element.name}>: nothing here knows it`, element.line)
  }
  return { overrides: overridesIn(root, file, left), groups }
}

function groupOf(element: Element, file: string, left: LeftList): ClusterGroup | undefined {
  const one = (name: string): Element | undefined => element.children.find((child) => child.name === name)
  const name = one('name')?.text ?? ''
  if (!isName(name)) {
    left.add(file, `a group whose name is ${quote(name) || 'missing'}: ${nameForm}`, element.line)
    return undefined
  }
  for (const child of element.children) {
    if (known.has(child.name)) continue
    const why =
      child.name === 'dynamic_node'
        ? `runs ${quote(child.text)} to list nodes: write them down`
        : 'nothing here knows it'
    left.add(file, `<${child.name}> of ${name}: ${why}`, child.line)
  }
  const [image, domain] = [one('image')?.text ?? '', one('domain')?.text ?? '']
  return {
    name,
    line: element.line,
    priority: priorityOf(one('priority'), file, name, left),
    ...(image !== '' && { image }),
    overrides: overridesIn(element, file, left),
    nodes: hostsIn(element, 'node', file).filter((node) => isHost(node, file, element.line, left)),
    addresses: hostsIn(element, 'ip-range', file),
    ...(domain !== '' && { domain }),
  }
}

const known = new Set(['name', 'priority', 'image', 'override', 'node', 'ip-range', 'domain'])
const nameForm = 'names begin with a letter or digit; then letters, digits, dots, dashes and underscores'

function isHost(node: string, file: string, line: number, left: LeftList): boolean {
  if (readIpv4(node) !== undefined) left.add(file, `the node ${node}: machines need names here`, line)
  else if (isName(node)) return true
  else left.add(file, `the node ${quote(node)}: ${nameForm}`, line)
  return false
}

function priorityOf(element: Element | undefined, file: string, group: string, left: LeftList): number {
  if (!element || element.text === '') return weakest
  if (/^\d{1,8}$/.test(element.text)) return Number(element.text)
  left.add(file, `the priority ${quote(element.text)} of ${group}: it is the weakest now`, element.line)
  return weakest
}

function overridesIn(element: Element, file: string, left: LeftList): string[] {
  return element.children.flatMap(({ name, text, line }) => {
    if (name !== 'override' || text === '') return []
    if (isName(text)) return [text]
    left.add(file, `the override ${quote(text)}: ${nameForm}`, line)
    return []
  })
}

function hostsIn(element: Element, name: string, file: string): readonly string[] {
  const parts = element.children.filter((child) => child.name === name)
  const hosts = expandHosts(parts.map(({ text }) => text).join(','))
  if (hosts) return hosts
  const line = parts[0]?.line ?? element.line
  throw refused(file, line, `<${name}> means more than ${mostHosts} hosts`, 'write smaller ranges')
}

function refused(file: string, line: number, message: string, hint: string): Fault {
  return new Fault('config-invalid', message, { file, line, hint })
}

/**
 * cluster.txt, what si_clusterconfig makes of cluster.xml: `host:group:image:override …`, the weakest override first, groups in
 * their order from the strongest.
 */
export function readClusterTxt(file: string, text: string, left: LeftList): Cluster {
  const groups = new Map<string, ClusterGroup & { nodes: string[] }>()
  let overrides: readonly string[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const global = /^# global_override=:([^:]*):/.exec(line)
    if (global) overrides = names(global[1]!, file, index + 1, left).toReversed()
    if (line.startsWith('#') || line.trim() === '') continue
    const [host = '', name = '', image = '', words = ''] = line.split(':').map((part) => part.trim())
    if (!isName(host) || !isName(name)) {
      left.add(file, `not read: ${quote(line)}`, index + 1)
      continue
    }
    const group = groups.get(name) ?? {
      name,
      line: index + 1,
      priority: groups.size + 1,
      ...(image !== '' && { image }),
      overrides: names(words, file, index + 1, left).toReversed(),
      nodes: [],
      addresses: [],
    }
    group.nodes.push(host)
    groups.set(name, group)
  }
  return { overrides, groups: [...groups.values()] }
}

function names(text: string, file: string, line: number, left: LeftList): string[] {
  const words = text.split(/\s+/).filter((word) => word !== '')
  for (const word of words) if (!isName(word)) left.add(file, `the override ${quote(word)}: ${nameForm}`, line)
  return words.filter(isName)
}
