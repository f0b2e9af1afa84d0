import { execa } from 'execa'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The installers' own validators that are installed on this host. */
export interface ExternalChecks {
  readonly names: readonly string[]
  readonly validate: (family: string, text: string, version: string) => Promise<readonly { message: string }[]>
}

interface Tool {
  readonly command: string
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
  autoinstall: cloudInit,
  'cloud-init': cloudInit,
}

export async function externalChecks(): Promise<ExternalChecks> {
  const present = new Set<string>()
  for (const { command } of Object.values(tools)) {
    const { failed } = await execa('sh', ['-c', 'command -v "$1"', 'sh', command], { reject: false })
    if (!failed) present.add(command)
  }
  return {
    names: [...present],
    async validate(family, text, version) {
      const tool = tools[family]
      return tool && present.has(tool.command) ? run(tool, text, version) : []
    },
  }
}

async function run({ command, args }: Tool, text: string, version: string): Promise<readonly { message: string }[]> {
  const directory = await mkdtemp(join(tmpdir(), 'birnam-check-'))
  try {
    const file = join(directory, 'answer')
    await writeFile(file, text, { mode: 0o600 })
    const settings = join(directory, 'debconf.conf')
    await writeFile(settings, ownDebconf(directory))
    const { failed, all } = await execa(command, [...args(version), file], {
      env: { DEBCONF_SYSTEMRC: settings },
      reject: false,
      all: true,
      timeout: 30_000,
    })
    return failed
      ? [{ message: `${command}: ${all.replaceAll(file, 'answer').trim().split('\n').slice(-3).join(' ')}` }]
      : []
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** A database of its own: the host's is locked while apt or another check runs, and then every answer seems wrong. */
function ownDebconf(directory: string): string {
  const database = (name: string): string => `Name: ${name}\nDriver: File\nFilename: ${join(directory, name)}\n`
  return `Config: config\nTemplates: templates\n\n${database('config')}\n${database('templates')}`
}
