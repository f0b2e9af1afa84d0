import { execa } from 'execa'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The installers' own validators that are installed on this host. */
export interface ExternalChecks {
  readonly names: readonly string[]
  readonly validate: (family: string, text: string, version: string) => Promise<readonly Said[]>
}

interface Said {
  readonly line?: number
  readonly message: string
}

interface Tool {
  readonly command: string
  /** What else it is called. */
  readonly also?: string
  /** How it names the line, where it does. */
  readonly line?: RegExp
  /** Arguments before the file; its output when it fails is the complaint. */
  readonly args: (version: string) => readonly string[]
}

const cloudInit: Tool = { command: 'cloud-init', args: () => ['schema', '--config-file'] }

const tools: Readonly<Record<string, Tool>> = {
  kickstart: {
    command: 'ksvalidator',
    args: (version) => ['-v', Number(version) >= 20 ? `F${version}` : `RHEL${version}`],
  },
  preseed: { command: 'debconf-set-selections', args: () => ['-c'] },
  ignition: { command: 'ignition-validate', args: () => [] },
  autoyast: { command: 'xmllint', args: () => ['--noout', '--nonet'] },
  windows: { command: 'xmllint', args: () => ['--noout', '--nonet'] },
  agama: { command: 'jsonnet', args: () => [] },
  grub: { command: 'grub-script-check', also: 'grub2-script-check', line: /error at line (\d+)/, args: () => [] },
  autoinstall: cloudInit,
  'cloud-init': cloudInit,
}

export async function externalChecks(): Promise<ExternalChecks> {
  const present = new Map<string, string>()
  for (const { command, also = command } of Object.values(tools)) {
    const { stdout } = await execa('sh', ['-c', 'command -v "$1" || command -v "$2"', 'sh', command, also], {
      reject: false,
    })
    if (stdout !== '') present.set(command, stdout)
  }
  return {
    names: [...present.keys()],
    async validate(family, text, version) {
      const tool = tools[family]
      const program = tool && present.get(tool.command)
      return program === undefined ? [] : run(tool!, program, text, version)
    },
  }
}

async function run(
  { command, line, args }: Tool,
  program: string,
  text: string,
  version: string,
): Promise<readonly Said[]> {
  const directory = await mkdtemp(join(tmpdir(), 'birnam-check-'))
  try {
    const file = join(directory, 'answer')
    await writeFile(file, text, { mode: 0o600 })
    const settings = join(directory, 'debconf.conf')
    await writeFile(settings, ownDebconf(directory))
    const { failed, all } = await execa(program, [...args(version), file], {
      env: { DEBCONF_SYSTEMRC: settings },
      reject: false,
      all: true,
      timeout: 30_000,
    })
    if (!failed) return []
    const message = `${command}: ${all.replaceAll(file, 'answer').trim().split('\n').slice(-3).join(' ')}`
    const place = line?.exec(all)?.[1]
    return [{ message, ...(place !== undefined && { line: Number(place) }) }]
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** A database of its own: the host's is locked while apt or another check runs, and then every answer seems wrong. */
function ownDebconf(directory: string): string {
  const database = (name: string): string => `Name: ${name}\nDriver: File\nFilename: ${join(directory, name)}\n`
  return `Config: config\nTemplates: templates\n\n${database('config')}\n${database('templates')}`
}
