import type { Client } from '../boot/client.ts'
import { archOf } from '../boot/arch.ts'
import { noLoaderText } from '../boot/arch-text.ts'
import { offeredFile } from '../boot/offer.ts'
import { pathOf, type Session } from '../boot/session.ts'
import type { Answer } from '../boot/ask.ts'
import type { Machine } from '../config/site.ts'
import { mergeVars } from '../config/vars.ts'
import { Fault } from '../fault.ts'
import { swapped } from '../config/placeholders.ts'
import { askHouse, serverUrl, type House } from '../files/house.ts'
import { knownAddress } from '../files/own-address.ts'
import { partNames } from '../files/answer-part.ts'
import { apiOf, heed } from '../files/elsewhere.ts'
import { imagerHint } from '../files/imager-files.ts'
import { installScript } from '../files/install-script.ts'
import { menuOf } from '../files/menu-of.ts'
import { firstOf } from '../files/first.ts'
import { bringsLoader, packageOf } from '../files/loaders.ts'
import type { Asked } from '../files/asked.ts'
import { Shelf } from '../files/shelf.ts'
import { namesAsked, shimParts } from '../menu/names-asked.ts'
import { isUrl, type Boot } from '../menu/menu.ts'
import type { Finding } from '../net/content.ts'
import type { Mac } from '../net/mac.ts'
import { firmwares, type FirmwareName } from './firmware.ts'
import { type Mark } from './disguise.ts'
import { disguisedHouse, hide, hideFor, hideValue, shown } from './secrets.ts'
import { cardOf } from './stand-in.ts'
import { faultOf } from './trace/known.ts'

/** What this machine would get if it booted now, from the same functions that serve it. Nothing is claimed or recorded. */
export interface Forecast {
  readonly machine: string
  readonly firmware: string
  readonly profile?: string
  /** What had to be made up, and why. */
  readonly assumed?: string
  readonly plan: { readonly do: string; readonly why: string }
  /** The DHCP reply, a line an option. */
  readonly dhcp: readonly string[]
  /** The names that will be asked for, in order. */
  readonly names: readonly ForecastName[]
  readonly menu?: string
  /** The kernel line as the loader will run it. */
  readonly kernel?: string
  readonly answer?: string
  /** What else its installer reads below the URL of the answer, as far as something stands in it. */
  readonly parts?: readonly { readonly name: string; readonly text: string }[]
  readonly vars: readonly ForecastVar[]
  readonly problems: readonly string[]
  /** What is wrong with the server, whatever this machine is given. */
  readonly warnings?: readonly string[]
}

/** A variable, and the noun that had the last word on it: `machine duncan`, in `fleet.yaml:7`. */
export interface ForecastVar {
  readonly name: string
  readonly value: unknown
  readonly from: string
  readonly file?: string
  readonly line?: number
}

export interface ForecastName {
  readonly name: string
  readonly found: boolean
  readonly bytes?: number
  readonly why?: string
}

/** The part of a forecast that only the DHCP room knows. */
export type ForecastReply = (house: House, client: Client, relay?: string) => readonly string[]

export async function explain(
  running: House,
  shelf: Shelf,
  reply: ForecastReply,
  machine: Machine,
  firmware: FirmwareName,
  mark: Mark = hide,
): Promise<Forecast> {
  // One moment for all of it: the session's name is made from the time.
  const at = running.now()
  const house = { ...running, now: () => at }
  const real = await foresee(house, shelf, reply, machine, firmware)
  const shownHouse = disguisedHouse(house)
  return withoutSecrets(house, real, await foresee(shownHouse, new Shelf(shownHouse), reply, machine, firmware), mark)
}

/** Of the real one what holds no secret, of the other one the texts: that was written without knowing any. */
function withoutSecrets(house: House, real: Forecast, covered: Forecast, mark: Mark): Forecast {
  const machine = house.registry.named(real.machine)
  const { menu, kernel, answer, parts, ...rest } = real
  const problems = [...real.problems, ...unshown(real, covered)].map((problem) => hideFor(house, machine, problem))
  return {
    ...rest,
    ...(menu !== undefined && covered.menu !== undefined && { menu: shown(covered.menu, mark) }),
    ...(kernel !== undefined && covered.kernel !== undefined && { kernel: shown(covered.kernel, mark) }),
    ...(answer !== undefined && covered.answer !== undefined && { answer: shown(covered.answer, mark) }),
    ...(parts && covered.parts && { parts: covered.parts.map((part) => ({ ...part, text: shown(part.text, mark) })) }),
    vars: real.vars.map((origin) => ({ ...origin, value: hideValue(origin.name, origin.value) })),
    problems,
  }
}

/** A template may be content with a secret and not with what stands for it; then nothing of its text is shown. */
function unshown(real: Forecast, covered: Forecast): string[] {
  const lost = (['menu', 'kernel', 'answer'] as const).filter(
    (part) => real[part] !== undefined && covered[part] === undefined,
  )
  const why = covered.problems.find((problem) => !real.problems.includes(problem))
  return lost.map(
    (part) =>
      `the ${part} is not shown: without its secrets it cannot be written${why === undefined ? '' : ` (${why})`}`,
  )
}

/** With its secrets: see `explain`. */
async function foresee(
  running: House,
  shelf: Shelf,
  reply: ForecastReply,
  machine: Machine,
  firmware: FirmwareName,
): Promise<Forecast> {
  const kind = firmwares[firmware]
  const { house, mac, assumed } = cardOf(running, machine, kind.asker)
  const session = kind.asker === 'os' ? undefined : house.sessions.imagined(mac, house.now())
  const client = clientFor(machine, mac, kind, session)
  const first = askHouse(house, client)
  const api = apiOf(first)
  const answer = heed(first, api === undefined ? undefined : await house.elsewhere?.learn(api, mac))
  const known = assumed === undefined ? shelf : new Shelf(house)
  const scene = { house, shelf: known, machine, client, answer, ...(session && { session }) }
  const forecast = await compose(scene, kind.title, reply(house, client))
  return assumed === undefined ? forecast : { ...forecast, assumed }
}

interface Scene {
  readonly house: House
  readonly shelf: Shelf
  readonly machine: Machine
  readonly client: Client
  readonly answer: Answer
  readonly session?: Session
}

async function compose(scene: Scene, firmware: string, dhcp: readonly string[]): Promise<Forecast> {
  const { house, machine, answer } = scene
  const problems: string[] = []
  const merged = mergeVars(house.registry.site, house.registry.groupsOf(machine), answer.profile, machine)
  const boot = bootOf(scene, problems)
  const named = names(scene, boot, problems)
  const { menu } = named
  const kernel = boot && [boot.kernel, ...boot.args].join(' ')
  const text = answer.plan.do === 'image' ? await scriptText(scene, problems) : answerText(scene, '', problems)
  const parts = partsOf(scene, problems)
  return {
    machine: machine.name,
    firmware,
    ...(answer.profile && { profile: answer.profile.name }),
    plan: { do: answer.plan.do, why: answer.plan.why },
    dhcp,
    names: named.names,
    ...(menu !== undefined && { menu }),
    ...(kernel !== undefined && { kernel }),
    ...(text !== undefined && { answer: text }),
    ...(parts.length > 0 && { parts }),
    vars: merged.origins,
    problems,
  }
}

/** The names as the loader will ask them, each looked up on the shelf; the first menu that is found decides the rest. */
function names(
  scene: Scene,
  boot: ReturnType<typeof bootOf>,
  problems: string[],
): { names: ForecastName[]; menu?: string } {
  const { house, client, answer, session, machine } = scene
  const first = firstOf(house, client, answer)
  if (!first) {
    if (client.asker === 'firmware' && answer.plan.do !== 'ignore') problems.push(noLoaderText(client.arch))
    return { names: [] }
  }
  const url = serverUrl(house, machine.ip)
  const asked: LookedUp[] = []
  const file = offeredFile(first, session, url)
  if (first.kind === 'loader' && client.asker !== 'os') {
    asked.push(lookUp(scene, first.name, problems, file))
    const behind = first.second === undefined ? [] : [...shimParts, first.second]
    for (const name of behind) asked.push(lookUp(scene, name, problems))
  }
  const then =
    client.asker === 'os' ? 'xen' : first.kind === 'script' ? 'ipxe' : first.kind === 'menus' ? 'pxelinux' : first.loads
  const heard = house.sessions.current(client.mac!)?.uuid
  const uuid = heard ?? machine.uuid
  const about = {
    mac: client.mac!,
    ...(uuid !== undefined && { uuid }),
    ...(machine.ip && { address: machine.ip }),
    ...grubPlatform(client.arch),
  }
  let menu: string | undefined
  for (const name of namesAsked(then, about)) {
    // The signed GRUB has its prefix /grub built in, wherever it was loaded from.
    const { session: _, ...rootless } = scene
    const line = lookUp(name.startsWith('grub/') ? rootless : scene, name, problems)
    const guessed = uuid !== undefined && heard === undefined && name.endsWith(uuid)
    asked.push(guessed ? { ...line, why: `or ${swapped(uuid)}: its firmware was not heard yet` } : line)
    if (line.menu !== undefined) menu = line.menu
    if (line.found && isMenu(line)) break
  }
  for (const name of boot ? [boot.kernel, ...boot.initrd] : []) {
    if (isUrl(name)) continue
    const line = lookUp(scene, name, problems)
    const why = answer.plan.do === 'image' ? imagerHint(house) : `put it into the site as ${name}`
    const fault = line.found ? faultOf(house, scene.shelf, name) : undefined
    if (fault !== undefined) problems.push(fault)
    asked.push(fault !== undefined ? { ...line, why: fault } : line.found ? line : { why, ...line })
  }
  return { names: asked.map(({ menu: _, ...line }) => line), ...(menu !== undefined && { menu }) }
}

function grubPlatform(arch: number | undefined): { platform?: string } {
  const cpu = archOf(arch ?? 0)?.cpu
  return cpu === 'arm64' || cpu === 'i386' ? { platform: `${cpu}-efi` } : {}
}

type LookedUp = ForecastName & { menu?: string }

function isMenu(line: LookedUp): boolean {
  return line.menu !== undefined && !/net_default|boot_file/.test(line.menu)
}

function lookUp(
  { house, shelf, session, client, machine }: Scene,
  name: string,
  problems: string[],
  as?: string,
): LookedUp {
  const shown = as ?? (session ? `${pathOf(session)}${name}` : name)
  const address = knownAddress(house, machine, client.mac) ?? '0.0.0.0'
  const asked: Asked = {
    carrier: 'tftp',
    peer: { address, port: 0 },
    headers: {},
    dry: true,
    ...(session && { session }),
  }
  try {
    return describe(shown, name, shelf.find(name, asked))
  } catch (error) {
    return { name: shown, found: false, why: note(problems, error) }
  }
}

function describe(shown: string, name: string, finding: Finding): LookedUp {
  if (!finding) {
    return { name: shown, found: false, ...(packageOf(name) !== undefined && { why: bringsLoader(name) }) }
  }
  if (finding.kind === 'refused') return { name: shown, found: false, why: finding.message }
  if (finding.kind === 'file') return { name: shown, found: true, bytes: finding.size }
  return { name: shown, found: true, bytes: finding.bytes.length, menu: finding.bytes.toString() }
}

function partsOf(scene: Scene, problems: string[]): { name: string; text: string }[] {
  const { plan } = scene.answer
  const names = plan.do === 'live' || plan.do === 'install' ? partNames(scene.house, plan.profile) : []
  return names.flatMap((name) => {
    const text = answerText(scene, `/${name}`, problems)
    return text ? [{ name, text }] : []
  })
}

/** `part`: what follows the URL of the answer. */
function answerText(scene: Scene, part: string, problems: string[]): string | undefined {
  const { house, shelf, answer, session, client } = scene
  if (answer.plan.do !== 'live' && answer.plan.do !== 'install') return undefined
  if (answer.plan.profile.answer === undefined) return undefined
  const key = session ? house.sessions.tokenOf(session) : client.mac!.replaceAll(':', '-')
  const looked = lookUp({ ...scene, shelf }, `a/${key}${part}`, problems)
  if (!looked.found && looked.why && !problems.includes(looked.why)) problems.push(looked.why)
  return looked.menu
}

/** What the imager would fetch: the image as the permit pins it, or as the profile names it. */
async function scriptText({ house, answer, machine, session }: Scene, problems: string[]): Promise<string | undefined> {
  const { profile, permit } = answer
  if (profile?.kind !== 'image' || !session || permit?.image === undefined) return undefined
  const address = knownAddress(house, machine, session.mac)
  const audience = { machine, profile, session, mac: session.mac, ...(address !== undefined && { address }) }
  try {
    return await installScript(house, audience, permit.image, permit.disks ?? '')
  } catch (error) {
    note(problems, error)
    return undefined
  }
}

/** The entry that boots by default, as data: the very Menu that the writers write. */
function bootOf(
  { house, answer, machine, client, session }: Scene,
  problems: string[],
): Extract<Boot, { kind: 'kernel' }> | undefined {
  const { profile } = answer
  const address = knownAddress(house, machine, client.mac)
  const audience = {
    machine,
    mac: client.mac!,
    ...(profile && { profile }),
    ...(address && { address }),
    ...(session && { session }),
  }
  try {
    const menu = menuOf(house, answer, audience)
    const boot = menu.entries.find(({ label }) => label === menu.default)?.boot
    return boot?.kind === 'kernel' ? boot : undefined
  } catch (error) {
    note(problems, error)
    return undefined
  }
}

function note(problems: string[], error: unknown): string {
  const why = error instanceof Fault ? error.toString() : String(error)
  if (!problems.includes(why)) problems.push(why)
  return why
}

function clientFor(
  machine: Machine,
  mac: Mac,
  kind: { asker: Client['asker']; arch?: number },
  session: Session | undefined,
): Client {
  const { asker, arch } = kind
  return {
    door: 'explain',
    asker,
    mac,
    ...(arch !== undefined && { arch }),
    ...(machine.uuid !== undefined && { uuid: machine.uuid }),
    ...(machine.relay && { relay: machine.relay }),
    ...(session && { session: session.id }),
  }
}
