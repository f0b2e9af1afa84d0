import { kernelWords } from '../boot/cmdline.ts'
import { bootCard } from '../boot/boot-card.ts'
import type { Distro, Profile } from '../config/site.ts'
import { Fault } from '../fault.ts'
import type { Boot, Entry } from '../menu/menu.ts'
import { familyWords, programOf } from './answer-part.ts'
import { contextOf, distroOf, type Audience } from './context.ts'
import { serverUrl, type House, type Said } from './house.ts'
import { imagerFiles } from './imager-files.ts'

type Bootable = Extract<Profile, { kind: 'live' | 'install' }>
type ImageProfile = Extract<Profile, { kind: 'image' }>

export function kernelEntry(house: House, profile: Bootable, audience: Audience): Entry {
  const distro = distroOf(house, profile, audience.address ?? audience.machine?.ip)
  const kernel = profile.kernel ?? distro?.kernel
  if (kernel === undefined) throw noKernel(profile)
  const context = contextOf(house, audience)
  const args = argsOf(house, profile, audience, context)
  const family = distro ? familyWords(profile, distro, context) : []
  const theirs = kernelWords(kernelWords([], distro?.args ?? ''), args)
  const words = [...cardOf(profile, distro, audience, theirs), ...family, ...theirs]
  const initrd = profile.initrd.length > 0 ? profile.initrd : (distro?.initrd ?? [])
  return {
    label: profile.name,
    title: `${profile.kind}: ${profile.name}`,
    boot: { kind: 'kernel', kernel, initrd, args: words, ...programOf(profile, distro, context) },
  }
}

/** A live profile without a distro may be anything: a memory test, a disk image. */
function cardOf(
  profile: Bootable,
  distro: Distro | undefined,
  { mac }: Audience,
  words: readonly string[],
): readonly string[] {
  return profile.kind === 'install' || distro ? bootCard(mac, words) : []
}

/** What an API said to boot, with the profile's own arguments after it. While it is asked, the machine comes again. */
export function entryElsewhere(
  house: House,
  profile: Bootable,
  said: Exclude<Said, { state: 'refused' }>,
  audience: Audience,
): Entry {
  const boot: Boot = said.state === 'asking' ? { kind: 'again' } : withArgs(said.boot, argsOf(house, profile, audience))
  return { label: profile.name, title: `${profile.kind}: ${profile.name}`, boot }
}

function withArgs(boot: Boot, args: string): Boot {
  return boot.kind === 'kernel' ? { ...boot, args: kernelWords(boot.args, args) } : boot
}

function argsOf(
  house: House,
  profile: Bootable | ImageProfile,
  audience: Audience,
  context: Record<string, unknown> = contextOf(house, audience),
): string {
  const { file, line } = profile.origin
  const who = audience.machine?.name ?? 'a stranger'
  return house.templates.renderText(profile.args, context, { file, line, who })
}

/** The imager asks for its script under the session's token; who the machine is stands on the server. */
export function imagerEntry(house: House, profile: ImageProfile, audience: Audience): Entry {
  const args = argsOf(house, profile, audience)
  const script = `${serverUrl(house, audience.address)}/i/${house.sessions.tokenOf(audience.session!)}`
  return {
    label: profile.name,
    title: `${profile.kind}: ${profile.name}`,
    boot: {
      kind: 'kernel',
      kernel: imagerFiles.kernel,
      initrd: [imagerFiles.initrd],
      args: [...bootCard(audience.mac, kernelWords([], args)), ...kernelWords([`birnam.script=${script}`], args)],
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
