import { mergeVars } from '../../src/config/vars.ts'
import { draftOf } from '../../src/config/draft.ts'
import { Clerk } from '../../src/dhcp/clerk.ts'
import { decodePacket } from '../../src/dhcp/packet.ts'
import { summary } from '../../src/dhcp/summary.ts'
import { Fault } from '../../src/fault.ts'
import { normalise, splitSession } from '../../src/files/names.ts'
import { withoutTokens } from '../../src/journal/without-tokens.ts'
import { Sessions } from '../../src/boot/session.ts'
import { readTarget } from '../../src/http/target.ts'
import { formatIndex, parseIndex } from '../../src/image/index-file.ts'
import { parseConfig, parseManifest } from '../../src/image/manifest.ts'
import { annotation, media } from '../../src/image/oci.ts'
import { isImageName, readReference } from '../../src/image/reference.ts'
import { parseCall, readChunkRange } from '../../src/image/registry-call.ts'
import { RegistryError } from '../../src/image/registry-error.ts'
import { checkPypxeboot } from '../../src/menu/pypxeboot.ts'
import { readMenuName } from '../../src/menu/menu-name.ts'
import { readMac } from '../../src/net/mac.ts'
import { readIpv4 } from '../../src/net/ipv4.ts'
import { Templates } from '../../src/template/templates.ts'
import { negotiate } from '../../src/tftp/negotiate.ts'
import { decodeReply, decodeRequest } from '../../src/tftp/packet.ts'
import { captured, bytesOf } from '../dhcp/packets.ts'
import { Fleet, Lobby, noon } from '../dhcp/site.ts'
import { Lobby6 } from '../dhcp6/lobby.ts'
import { everyReal, relayed } from '../dhcp6/packets.ts'

/** Something that reads what strangers send. It may refuse by a Fault; anything else that it throws is a bug. */
export interface Target {
  readonly name: string
  readonly seeds: readonly Buffer[]
  feed(bytes: Buffer): void
}

const texts = (...all: string[]): Buffer[] => all.map((text) => Buffer.from(text))

export function targets(): readonly Target[] {
  return [dhcp(), dhcp6(), tftp(), names(), menus(), site(), templates(), images()]
}

function dhcp(): Target {
  const lobby = new Lobby({ fleet: new Fleet({}, { boot: { file: 'pxelinux.0' } }) })
  const clerk = new Clerk(lobby.desk, () => {})
  return {
    name: 'dhcp',
    seeds: Object.keys(captured).map(bytesOf),
    feed(bytes) {
      const packet = decodePacket(bytes)
      if (!('malformed' in packet)) summary(packet)
      clerk.take(bytes, 'eth0', noon)
    },
  }
}

function dhcp6(): Target {
  const lobby = new Lobby6()
  return {
    name: 'dhcp6',
    seeds: [...everyReal, relayed(everyReal[0]!, { link: 'fd77::2' })],
    feed(bytes) {
      lobby.take(bytes)
      if (lobby.desk.counters.dropped.internal > 0) throw new Error(JSON.stringify(lobby.events.at(-1)))
      lobby.events.length = 0
      lobby.clients.length = 0
    },
  }
}

function tftp(): Target {
  const policy = { blksize: 65_464, windowsize: 64 }
  return {
    name: 'tftp',
    seeds: texts(
      '\0\x01pxelinux.0\0octet\0blksize\x001408\0tsize\x000\0windowsize\x004\0',
      '\0\x04\0\x01',
      '\0\x05\0\x08gone\0',
      '\0\x02x\0octet\0',
    ),
    feed(bytes) {
      const request = decodeRequest(bytes)
      if (request?.kind === 'read') negotiate(request.read.options, 300_000, policy)
      decodeReply(bytes)
    },
  }
}

function names(): Target {
  const sessions = new Sessions(Buffer.alloc(32, 7))
  const session = sessions.arriving(readMac('52:54:00:77:00:01')!, noon)
  return {
    name: 'names',
    seeds: texts(
      `s/${session.id}/pxelinux.cfg/01-52-54-00-77-00-01`,
      `/a/${sessions.tokenOf(session)}`,
      '//grub/grub.cfg',
      '/x%2e%2e/y?mac=52%3A54',
      '10.77.0.11',
    ),
    feed(bytes) {
      const text = bytes.toString('utf8')
      readTarget(text)
      withoutTokens(text)
      readMac(text)
      readIpv4(text)
      const clean = normalise(text)
      if (clean === undefined) return
      if (/(^|\/)\.\.?(\/|$)|\\|\0/.test(clean)) throw new Error(`let through: ${clean}`)
      const { id, rest } = splitSession(clean)
      readMenuName(rest)
      if (id !== undefined && id !== session.id && sessions.find(id, noon)) throw new Error(`a forged session: ${id}`)
      const token = clean.slice(2)
      if (clean.startsWith('a/') && token !== sessions.tokenOf(session) && sessions.byToken(token, noon))
        throw new Error(`a forged token: ${token}`)
    },
  }
}

function menus(): Target {
  return {
    name: 'menus',
    seeds: texts('DEFAULT x\nLABEL x\n  KERNEL vmlinuz\n  APPEND initrd=i a=b quiet\nLABEL local\n  LOCALBOOT 0\n'),
    feed: (bytes) => void checkPypxeboot(bytes.toString('utf8'), 'menu'),
  }
}

function site(): Target {
  const fleet =
    'machines:\n  - { name: duncan, mac: "52:54:00:77:00:01", vars: { a: [1, x] } }\nprofiles:\n  - name: p\n    kind: live\n    kernel: k\n'
  return {
    name: 'site',
    seeds: texts(fleet, 'groups: [{ name: g, machines: ["*"], priority: 3 }]\n', 'a: &a [*a]\n', '{"machines": []}'),
    feed(bytes) {
      draftOf({ file: 'fleet.yaml', text: bytes.toString('utf8'), digest: '' })
      mergeVars({ vars: {} }, [])
    },
  }
}

function templates(): Target {
  const engine = new Templates({ read: () => undefined })
  const context = { machine: { name: 'duncan' }, vars: { list: ['a', 'b'], text: 'x' } }
  return {
    name: 'templates',
    seeds: texts(
      '{{machine.name}} {{#each vars.list}}{{this}}{{/each}}',
      '{{default vars.x "y"}}{{shell vars.text}}',
      '{{#if vars.text}}a{{else}}b{{/if}}',
    ),
    feed: (bytes) =>
      refusing(() => engine.renderText(bytes.toString('utf8'), context, { file: 'x', line: 1, who: 'duncan' })),
  }
}

function images(): Target {
  const digest = `sha256:${'0a'.repeat(32)}`
  const blob = { mediaType: media.layerZstd, digest, size: 7, annotations: { a: 'b' } }
  const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [digest] } }
  const entry = { ...blob, annotations: { [annotation.refName]: 'porter:1' } }
  return {
    name: 'images',
    seeds: texts(
      JSON.stringify({ schemaVersion: 2, mediaType: media.manifest, config: blob, layers: [blob], subject: blob }),
      JSON.stringify(config),
      JSON.stringify({ schemaVersion: 2, manifests: [entry], annotations: { 'org.birnam.last/porter': '3' } }),
      `v2/porter/blobs/uploads/x?digest=${digest}&mount=${digest}&from=a/b`,
      `v2/a/b/manifests/${digest}`,
      'bytes 0-9/*',
    ),
    feed(bytes) {
      refusing(() => parseManifest(bytes))
      refusing(() => parseConfig(bytes))
      refusing(() => parseIndex(parseIndexTwice(bytes), 'index.json'))
      const text = bytes.toString('utf8')
      readChunkRange(text)
      readReference(text)
      const [path = '', query] = text.split('?')
      for (const method of ['GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'x'])
        called(method, path, new URLSearchParams(query))
    },
  }
}

/** What was read and written again reads the same. */
function parseIndexTwice(bytes: Buffer): Buffer {
  const once = formatIndex(parseIndex(bytes, 'index.json'))
  const twice = formatIndex(parseIndex(Buffer.from(once), 'index.json'))
  if (once !== twice) throw new Error(`written as ${once}, then as ${twice}`)
  return Buffer.from(twice)
}

function called(method: string, path: string, query: URLSearchParams): void {
  try {
    const call = parseCall(method, path, query)
    if ('name' in call && !isImageName(call.name)) throw new Error(`let through: ${call.name}`)
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
  }
}

function refusing(work: () => unknown): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof Fault) || error.code === 'internal') throw error
  }
}
