import type { Program } from '../boot/program.ts'
import { absolute } from './menu.ts'
import { hidden, quoted, unsafe } from './sound.ts'

/** A program of SYSLINUX reads its own words, so none is added for pypxeboot, which cannot start it. */
export function pxelinuxProgram({ bios }: Program, label: string, metal: boolean): readonly string[] {
  if (!bios) throw unsafe(`PXELINUX cannot start ${label}`, 'write loader: ipxe for this machine or profile')
  if (!metal) throw unsafe(`pypxeboot cannot start ${label}`, 'only a machine of metal, under its boot session, can')
  for (const word of bios.args) check(word)
  return [`  KERNEL ${bios.name}`, `  APPEND ${bios.args.join(' ')}`]
}

/** What only iPXE can do. */
export function onlyIpxe(loader: string, label: string): never {
  throw unsafe(`${loader} cannot start ${label}`, 'write loader: ipxe for this machine or profile')
}

/** `failure` is the label of what follows when something cannot be had. */
export function ipxeProgram(program: Program, base: string, failure: string): readonly string[] {
  const run = program.any ?? program.uefi
  if (!run) throw unsafe('iPXE cannot start this', 'write loader: pxelinux for this machine or profile')
  for (const word of run.args) check(word)
  // Without `any` there is nothing that a BIOS could start.
  const guard = program.any ? [] : [`iseq \${platform} efi || goto ${failure}`]
  const files = program.files.map(({ as, from }) => {
    if (!/^[A-Za-z0-9._-]+$/.test(as)) throw unsafe(`a file cannot be called ${quoted(as)} here`, 'rename it')
    return `initrd --name ${as} ${absolute(from, base)} ${as} || goto ${failure}`
  })
  const load = ['kernel', `${base}${run.name}`, ...run.args, '||', 'goto', failure].join(' ')
  return [...guard, 'imgfree', load, ...files, `boot || goto ${failure}`]
}

function check(word: string): void {
  if (/^[!-~]+$/.test(word) && !/['"\\#;|&]|\$\{/.test(word)) return
  throw unsafe(`the argument ${hidden(word)} holds what a loader reads as its own`, 'take it out')
}
