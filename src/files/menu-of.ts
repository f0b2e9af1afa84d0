import type { Answer } from '../boot/ask.ts'
import { discovery } from '../boot/decide.ts'
import type { Plan } from '../boot/plan.ts'
import { kernelWords } from '../boot/cmdline.ts'
import { isWiping, type MenuProfile, type Profile } from '../config/site.ts'
import { Fault } from '../fault.ts'
import type { Entry, Menu } from '../menu/menu.ts'
import { familyWords, programOf } from './answer-part.ts'
import { contextOf, distroOf, type Audience } from './context.ts'
import { serverUrl, type House } from './house.ts'
import { imagerFiles } from './imager-files.ts'
import { dashed } from '../net/mac.ts'

const disk: Entry = { label: 'local', title: 'Boot from the local disk', boot: { kind: 'local' } }

/** A Plan as a menu: every template rendered for this audience. The local disk is always the last entry. */
export function menuOf(house: House, answer: Answer, audience: Audience): Menu {
  const { plan, machine } = answer
  const comments = [`Birnam for ${machine?.name ?? audience.mac ?? 'a stranger'}: ${plan.do}: ${plan.why}`]
  // What is chosen is kept in the boot session; who asks at a name that anyone can guess, pypxeboot above all, chooses nothing.
  const chooses = plan.do === 'menu' || plan.do === 'wait' || plan.do === 'discover'
  const onlyDisk: Menu = { comments, default: disk.label, timeout: 0, entries: [disk] }
  if (chooses && !audience.session) return onlyDisk
  switch (plan.do) {
    case 'ignore':
    case 'local':
      return onlyDisk
    case 'menu':
      return choiceMenu(house, plan.profile, { comments, strangers: !machine })
    case 'wait':
      return waitingMenu(house, plan, audience, comments)
    case 'discover':
      return discoveryMenu(audience, comments)
    case 'live':
    case 'install': {
      const entry = kernelEntry(house, plan.profile, audience)
      return { comments, default: entry.label, timeout: 0, entries: [entry, disk] }
    }
    case 'image': {
      const entry = imagerEntry(house, plan.profile, audience)
      return { comments, default: entry.label, timeout: 0, entries: [entry, disk] }
    }
  }
}

type Head = Pick<Menu, 'comments'>

function choiceMenu(
  house: House,
  menu: MenuProfile,
  { comments, strangers }: Head & { readonly strangers: boolean },
): Menu {
  const { registry } = house
  const entries = menu.entries
    .filter((name) => name !== disk.label)
    .map((name) => choiceOf(name, registry.profile(name), menu))
    // A machine that has its name has nothing to wait for.
    .filter(({ label }) => strangers || label !== discovery)
  return {
    comments,
    title: menu.title ?? menu.name,
    default: disk.label,
    timeout: menu.timeout,
    entries: [...entries, disk],
  }
}

function choiceOf(name: string, profile: Profile | undefined, { password }: MenuProfile): Entry {
  if (name === discovery)
    return {
      label: name,
      title: 'Wait until somebody names this machine',
      boot: { kind: 'menu', entry: name, facts: true },
    }
  const login = isWiping(profile) && password !== undefined && { login: true }
  const what = profile?.kind === 'menu' ? (profile.title ?? name) : `${profile?.kind ?? 'profile'}: ${name}`
  return { label: name, title: what, boot: { kind: 'menu', entry: name, ...login } }
}

/** Asks again every few seconds, and is on its way as soon as somebody has allowed it. */
function waitingMenu(
  house: House,
  { profile }: Extract<Plan, { do: 'wait' }>,
  audience: Audience,
  comments: Head['comments'],
): Menu {
  const refused = audience.session && house.console?.refusal(audience.session)
  const title = `birnam reinstall ${audience.machine!.name} --to ${profile.name}`
  const again: Entry = { label: 'again', title: 'Ask again', boot: { kind: 'menu', entry: profile.name } }
  return {
    comments,
    title: `${refused === undefined ? '' : `${refused}. `}Nothing is wiped until somebody says: ${title}`,
    default: again.label,
    timeout: 5,
    entries: [again, disk],
  }
}

/** The first time it tells what it is at once; then it shows that it waits. */
function discoveryMenu({ mac, session }: Audience, comments: Head['comments']): Menu {
  const again: Entry = { label: 'again', title: 'Ask again', boot: { kind: 'menu', entry: discovery, facts: true } }
  return {
    comments,
    title: `Nobody named this machine yet: ${mac ?? 'no MAC address'}`,
    default: again.label,
    timeout: session?.chosen === discovery ? 10 : 0,
    entries: [again, disk],
  }
}

type Bootable = Extract<Profile, { kind: 'live' | 'install' }>

function kernelEntry(house: House, profile: Bootable, audience: Audience): Entry {
  const distro = distroOf(house, profile, audience.address ?? audience.machine?.ip)
  const kernel = profile.kernel ?? distro?.kernel
  if (kernel === undefined) throw noKernel(profile)
  const context = contextOf(house, audience)
  const { file, line } = profile.origin
  const who = audience.machine?.name ?? 'a stranger'
  const args = house.templates.renderText(profile.args, context, { file, line, who })
  const family = distro ? familyWords(profile, distro, context) : []
  const words = kernelWords(distro ? [...family, ...kernelWords([], distro.args)] : [], args)
  const initrd = profile.initrd.length > 0 ? profile.initrd : (distro?.initrd ?? [])
  return {
    label: profile.name,
    title: `${profile.kind}: ${profile.name}`,
    boot: { kind: 'kernel', kernel, initrd, args: words, ...programOf(profile, distro, context) },
  }
}

/** The imager asks for its script under the session's token; who the machine is stands on the server. */
function imagerEntry(house: House, profile: Extract<Profile, { kind: 'image' }>, audience: Audience): Entry {
  const context = contextOf(house, audience)
  const { file, line } = profile.origin
  const who = audience.machine?.name ?? 'a stranger'
  const args = house.templates.renderText(profile.args, context, { file, line, who })
  const script = `${serverUrl(house, audience.address)}/i/${house.sessions.tokenOf(audience.session!)}`
  const card = audience.mac === undefined ? [] : [`BOOTIF=01-${dashed(audience.mac)}`]
  return {
    label: profile.name,
    title: `${profile.kind}: ${profile.name}`,
    boot: {
      kind: 'kernel',
      kernel: imagerFiles.kernel,
      initrd: [imagerFiles.initrd],
      args: kernelWords([...card, `birnam.script=${script}`], args),
    },
  }
}

function noKernel(profile: Bootable): Fault {
  const { distro } = profile
  const why = distro ? `distro ${distro} is not in this site` : 'it names no kernel'
  return new Fault('file-missing', `profile ${profile.name} has no kernel: ${why}`, {
    ...profile.origin,
    hint: distro
      ? `birnam distro import brings it; or add it under distros: with its kernel and initrd`
      : 'add kernel: and initrd:',
  })
}
