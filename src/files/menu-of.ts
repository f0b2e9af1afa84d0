import type { Answer } from '../boot/ask.ts'
import { kernelWords } from '../boot/cmdline.ts'
import { familyOf } from '../answer/families.ts'
import type { Profile } from '../config/site.ts'
import { Fault } from '../fault.ts'
import type { Entry, Menu } from '../menu/menu.ts'
import { contextOf, distroOf, type Audience } from './context.ts'
import { serverUrl, type House } from './house.ts'
import { imagerFiles } from './imager-files.ts'
import { dashed } from '../net/mac.ts'

const disk: Entry = { label: 'local', title: 'Boot from the local disk', boot: { kind: 'local' } }

/** A Plan as a menu: every template rendered for this audience. The local disk is always the last entry. */
export function menuOf(house: House, answer: Answer, audience: Audience): Menu {
  const { plan, machine } = answer
  const comments = [`Birnam for ${machine?.name ?? audience.mac ?? 'a stranger'}: ${plan.do}: ${plan.why}`]
  switch (plan.do) {
    case 'ignore':
    case 'local':
      return { comments, default: disk.label, timeout: 0, entries: [disk] }
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

type Bootable = Extract<Profile, { kind: 'live' | 'install' }>

function kernelEntry(house: House, profile: Bootable, audience: Audience): Entry {
  const distro = distroOf(house, profile)
  const kernel = profile.kernel ?? distro?.kernel
  if (kernel === undefined) throw noKernel(profile)
  const context = contextOf(house, audience)
  const { file, line } = profile.origin
  const who = audience.machine?.name ?? 'a stranger'
  const args = house.templates.renderText(profile.args, context, { file, line, who })
  const family = distro ? familyOf(distro).installArgs(distro, context) : []
  const words = kernelWords(distro ? [...family, ...kernelWords([], distro.args)] : [], args)
  const initrd = profile.initrd.length > 0 ? profile.initrd : (distro?.initrd ?? [])
  return {
    label: profile.name,
    title: `${profile.kind}: ${profile.name}`,
    boot: { kind: 'kernel', kernel, initrd, args: words },
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
  const distro = profile.kind === 'install' && profile.distro
  const why = distro ? `distro ${distro} is not in this site` : 'it names no kernel'
  return new Fault('file-missing', `profile ${profile.name} has no kernel: ${why}`, {
    ...profile.origin,
    hint: distro ? `add it under distros: with its kernel and initrd` : 'add kernel: and initrd:',
  })
}
