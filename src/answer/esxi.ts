import { dirname } from 'node:path/posix'
import { Fault } from '../fault.ts'
import { clearText, isClear } from './cloud-config.ts'
import { problemsOf, type Family, type Say } from './family.ts'

const type = 'text/plain; charset=utf-8'

/**
 * VMware ESXi: mboot reads a boot.cfg, which names the kernel, its modules and, for the kernel, the kickstart. The medium lies in
 * `files/` of the site; the distro's kernel is `mboot.c32` there, and `mboot.efi` beside it is for UEFI.
 */
export const esxi: Family = {
  name: 'esxi',
  type,
  installArgs: () => [],
  program({ kernel }, { answer }) {
    const folder = dirname(kernel)
    const config = answer?.url ?? ''
    return {
      // By TFTP, relative to this boot; the URL's path is a name on the shelf.
      bios: { name: kernel, args: ['-c', `${config.replace(/^https?:\/\/[^/]+\//, '')}/boot-tftp.cfg`] },
      uefi: { name: `${folder}/mboot.efi`, args: ['-c', `${config}/boot.cfg`] },
      files: [],
    }
  },
  medium: ({ kernel }, read) => readBootCfg(dirname(kernel), read(`${dirname(kernel)}/boot.cfg`)),
  parts: {
    'ks.cfg': { type, from: 'answer' },
    'boot.cfg': { type, from: { template: 'kickstart/esxi/boot.cfg.hbs' } },
    'boot-tftp.cfg': { type, from: { template: 'kickstart/esxi/boot-tftp.cfg.hbs' } },
  },
  check: (text) => problemsOf((say) => checkKickstart(text, say)),
}

/** The medium's own boot.cfg: `kernel=/b.b00`, `modules=/jumpstrt.gz --- /useropts.gz --- …`. */
function readBootCfg(folder: string, text: string): Readonly<Record<string, unknown>> {
  const valueOf = (key: string): string | undefined => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1]?.trim()
  const bare = (name: string): string => name.trim().replace(/^\/+/, '')
  const [kernel, modules] = [valueOf('kernel'), valueOf('modules')]
  if (kernel === undefined || modules === undefined)
    throw new Fault('file-missing', `${folder}/boot.cfg names no kernel or no modules`, {
      hint: 'take it from the medium as it is',
    })
  const build = valueOf('build')
  return {
    folder,
    kernel: bare(kernel),
    modules: modules.split('---').map(bare),
    options:
      valueOf('kernelopt')
        ?.replaceAll(/\s*\b(?:ks|cdromBoot)(?:=\S+)?/g, '')
        .trim() || 'runweasel',
    ...(build !== undefined && { build }),
  }
}

const sections = /^%(pre|post|firstboot)\b/

function checkKickstart(text: string, say: Say): void {
  const commands = new Map<string, number>()
  let section: string | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const [, name] = sections.exec(line) ?? []
    if (name !== undefined) {
      section = name
      if (!/--interpreter[= ](?:busybox|python)/.test(line))
        say(index + 1, `%${name} needs --interpreter=busybox or python`)
    } else if (section === undefined && /^[a-z%]/.test(line)) checkCommand(line, index + 1, commands, say)
  }
  if (!commands.has('vmaccepteula') && !commands.has('accepteula')) say(1, 'without vmaccepteula the installer asks')
  if (!commands.has('rootpw')) say(1, 'without rootpw the installer stops')
  if (!['install', 'installorupgrade', '%include'].some((command) => commands.has(command)))
    say(1, 'without install no disk is chosen, and the installer stops')
  if (!commands.has('network')) say(1, 'without network it takes the first card, by DHCP', 'warning')
}

function checkCommand(line: string, at: number, commands: Map<string, number>, say: Say): void {
  const [command = '', ...words] = line.trim().split(/\s+/)
  commands.set(command, at)
  if (command === 'rootpw' && (!words.includes('--iscrypted') || isClear(words.at(-1))))
    say(at, `rootpw ${clearText} and --iscrypted`)
  if (command.startsWith('install') && words.some((word) => word.startsWith('--firstdisk')))
    say(at, '--firstdisk lets the order of disks decide which one is wiped: name one with --disk=', 'warning')
}
