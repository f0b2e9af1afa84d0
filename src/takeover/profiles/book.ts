import type { Distro, Origin, Profile, Site } from '../../config/site.ts'
import { answerFor, literal } from './answers.ts'
import type { OldBoot } from './boot.ts'
import { BootFiles } from './files.ts'
import { shown } from '../live.ts'
import { installOf, shownUrl, type Install } from './install.ts'
import { Names } from '../names.ts'
import type { TftpRoot } from './root.ts'
import type { LeftList } from '../told.ts'
import type { NewFile } from '../written.ts'

type Linux = Extract<OldBoot, { do: 'linux' }>
type Installer = Extract<Install, { family: string }>

/** What an entry is called, and where it stands. */
export interface OldEntry {
  readonly label: string
  readonly file: string
  readonly line: number
}

/** What is written, and what its entries were called. */
export interface BookNames {
  readonly file: string
  readonly called: string
}

/** Entries as profiles: those that boot the same are one. What wipes, or may, never becomes one that needs no permit. */
export class ProfileBook {
  readonly profiles: Profile[] = []
  readonly distros: Distro[] = []
  readonly answers: NewFile[] = []
  readonly todo: string[] = []
  /** What lacks its answer, and would not ask. */
  readonly waiting: { readonly profiles: Profile[]; readonly distros: Distro[] } = { profiles: [], distros: [] }
  readonly names: Names
  readonly boot: BootFiles
  readonly origin: Origin
  /** What entries are called, in messages. */
  readonly called: string
  readonly #root: TftpRoot
  readonly #left: LeftList
  readonly #known = new Map<string, string | undefined>()
  #disk: string | undefined

  constructor(root: TftpRoot, site: Site | undefined, left: LeftList, { file, called }: BookNames) {
    this.origin = { file, line: 0 }
    this.called = called
    this.#root = root
    this.#left = left
    this.names = new Names(site)
    this.boot = new BootFiles(root)
    this.#disk = site?.profiles.find(({ kind }) => kind === 'local')?.name
  }

  /** The profile that boots the disk. */
  disk(): string {
    if (this.#disk !== undefined) return this.#disk
    this.#disk = this.names.profile('disk')
    this.profiles.push({ kind: 'local', name: this.#disk, vars: {}, origin: this.origin })
    return this.#disk
  }

  /** The profile of an entry that boots a kernel; undefined when there is none, which is told. */
  of(entry: OldEntry, boot: OldBoot): string | undefined {
    if (boot.do === 'other') this.#tell(entry, boot.why)
    if (boot.do !== 'linux') return undefined
    const key = JSON.stringify([boot.kernel, boot.initrd, boot.args, boot.sysappend])
    if (!this.#known.has(key)) this.#known.set(key, this.#make(entry, boot))
    return this.#known.get(key)
  }

  #tell({ file, line, label }: OldEntry, why: string): void {
    this.#left.add(file, `${this.called} ${label.slice(0, 100)}: ${why}`, line)
  }

  #make(entry: OldEntry, boot: Linux): string | undefined {
    const { label } = entry
    const install = installOf({ label, ...boot })
    if (install && 'doubt' in install) {
      this.#tell(
        entry,
        `${install.doubt}: write it as kind: install, which waits for a permit, or as kind: live if you know that it leaves disks alone`,
      )
      return undefined
    }
    const unfit = (install?.args ?? boot.args).find((word) => !/^[!-~]+$/.test(word) || /['"\\]|^kernel=/.test(word))
    if (unfit !== undefined) {
      this.#tell(entry, `its argument ${shown(unfit)} holds what not every boot loader can hand on`)
      return undefined
    }
    const files = this.#files(entry, boot)
    if (!files) return undefined
    const args = [...(install?.args ?? boot.args).map(literal), ...this.#appended(entry, boot)].join(' ')
    if (args.length > 1900) {
      this.#tell(entry, 'its arguments are longer than a kernel reads')
      return undefined
    }
    const name = this.names.profile(label)
    if (install) return this.#install(name, install, files, args)
    this.profiles.push({ kind: 'live', name, ...files, args, vars: {}, origin: this.origin })
    return name
  }

  /** All of them, or none: half of a boot is no boot. */
  #files(
    entry: OldEntry,
    { kernel, initrd }: Linux,
  ): { readonly kernel: string; readonly initrd: readonly string[] } | undefined {
    for (const name of [kernel, ...initrd]) {
      const found = this.#root.find(name)
      if (typeof found !== 'string') continue
      this.#tell(entry, `${name.slice(0, 200)} ${found}`)
      return undefined
    }
    const first = this.boot.take(kernel)
    const others = initrd.map((name) => this.boot.take(name, kernel))
    const wrong = [first, ...others].find((one) => typeof one === 'string')
    if (wrong !== undefined) this.#tell(entry, `its kernel or initrd ${wrong}`)
    if (typeof first === 'string' || wrong !== undefined) return undefined
    return { kernel: first.path, initrd: others.flatMap((one) => (typeof one === 'string' ? [] : [one.path])) }
  }

  /** SYSAPPEND's bits, as far as a kernel can do with them. */
  #appended(entry: OldEntry, { sysappend, args }: Linux): readonly string[] {
    const lacks = (key: string): boolean => !args.some((word) => word.startsWith(`${key}=`))
    if ((sysappend & ~3) !== 0)
      this.#tell(
        entry,
        'of IPAPPEND the address (1) and the card (2) are taken: the others name the machine, whose name is known here',
      )
    return [
      ...((sysappend & 1) !== 0 && lacks('ip') ? ['ip=dhcp'] : []),
      ...((sysappend & 2) !== 0 && lacks('BOOTIF') ? ['BOOTIF={{machine.bootif}}'] : []),
    ]
  }

  #install(
    name: string,
    install: Installer,
    files: { readonly kernel: string; readonly initrd: readonly string[] },
    args: string,
  ): string | undefined {
    const { family, version, tree } = install
    const distro = this.names.distro(version === 'unknown' ? name : `${family}-${version}`)
    const answer = answerFor(name, install, install.answer, this.#root)
    const template = answer?.file.path ?? `answers/${name}.hbs`
    const place = answer ? this : this.waiting
    place.distros.push({
      name: distro,
      family,
      version,
      ...files,
      args: '',
      ...(tree !== undefined && { tree }),
      origin: this.origin,
    })
    place.profiles.push({
      kind: 'install',
      name,
      distro,
      initrd: [],
      args,
      answer: template,
      vars: {},
      origin: this.origin,
    })
    if (version === 'unknown') this.todo.push(`version: of the distro ${distro}, which its file names do not tell`)
    if (!answer?.copied)
      this.todo.push(
        `${template}: ${from(install)}${answer ? '; as it is, the installer asks' : `; profile ${name} waits for it as comments at the end of ${this.origin.file}`}`,
      )
    else
      this.todo.push(
        `${template}: what reports its end (kickstart/README.md shows how), or the permit of each install runs out`,
      )
    if (!answer) return undefined
    this.answers.push(answer.file)
    return name
  }
}

function from({ answer }: Installer): string {
  return answer === undefined ? 'an answer, of which the old line said nothing' : `what was at ${shownUrl(answer)}`
}
