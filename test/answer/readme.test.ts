import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { helpers } from '../../src/template/helpers.ts'
import { shipped } from './shipped.ts'

const page = readFileSync('kickstart/README.md', 'utf8')
const [variables = '', helperPart = ''] = page.split('\n## Variables\n')[1]!.split('\n## Writing your own\n')

const templates = {
  redhat: 'kickstart/redhat/server.ks.hbs',
  debian: 'kickstart/debian/server.cfg.hbs',
  ubuntu: 'kickstart/ubuntu/user-data.hbs',
  cloud: 'kickstart/cloud/user-data.hbs',
  ignition: 'kickstart/ignition/server.bu.hbs',
  esxi: ['kickstart/esxi/ks.cfg.hbs', 'kickstart/esxi/boot.cfg.hbs', 'kickstart/esxi/boot-tftp.cfg.hbs'],
  windows: [
    'kickstart/windows/unattend.xml.hbs',
    'kickstart/windows/startnet.cmd.hbs',
    'kickstart/windows/done.cmd.hbs',
  ],
  suse: ['kickstart/suse/autoinst.xml.hbs', 'kickstart/suse/agama.json.hbs'],
} as const

test('kickstart/README.md lists every variable of the shipped answers and who uses it, and no other', () => {
  expect(rowsOf(variables)).toEqual(used())
})

test('kickstart/README.md lists every helper, and no other', () => {
  const rows = helperPart.split('\n').filter((line) => line.startsWith('| `'))
  const listed = rows.flatMap((row) => [...row.split(' | ')[0]!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!))
  expect(listed.toSorted()).toEqual(Object.keys(helpers).toSorted())
})

function rowsOf(text: string): Record<string, string> {
  const rows = text.matchAll(/^\| `([^`]+)` \| ([\w, ]+) \|/gm)
  return Object.fromEntries([...rows].map(([, name, by]) => [name!, by!]))
}

/** By name: the families, or `all`. The items of a list (`vars.packages[]`) stand with the list. */
function used(): Record<string, string> {
  const by: Record<string, string[]> = {}
  for (const [family, template] of Object.entries(templates)) {
    for (const { name } of [template].flat().flatMap((one) => shipped.variablesOf(one))) {
      if (name.endsWith('[]')) continue
      if (!(by[name] ??= []).includes(family)) by[name].push(family)
    }
  }
  const count = Object.keys(templates).length
  return Object.fromEntries(
    Object.entries(by).map(([name, families]) => [name, families.length === count ? 'all' : families.join(', ')]),
  )
}
