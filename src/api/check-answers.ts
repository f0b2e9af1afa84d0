import { readFileSync } from 'node:fs'
import type { Profile } from '../config/site.ts'
import { answerFamily, partNames, partOf } from '../files/answer-part.ts'
import type { House } from '../files/house.ts'
import type { Finding } from './finding.ts'

type Answering = Extract<Profile, { kind: 'live' | 'install' }> & { readonly answer: string }

export function hasAnswer(profile: Profile | undefined): profile is Answering {
  return (profile?.kind === 'live' || profile?.kind === 'install') && profile.answer !== undefined
}

/** What is wrong with the answer of a profile, whoever it is written for. */
export function answerFindings(house: House): readonly Finding[] {
  return house.registry.site.profiles.filter(hasAnswer).flatMap((profile) => {
    const foreign = foreignFamily(house, profile)
    return foreign ? [foreign] : silent(house, profile)
  })
}

/** The families' marks in the text of a template; the first that fits. */
const marks: readonly (readonly [family: string, mark: RegExp])[] = [
  ['preseed', /^(?:d-i|tasksel|ubiquity)[ \t]+[\w-]+\/\S+/m],
  ['esxi', /^(?:vm)?accepteula\b/m],
  ['kickstart', /^%(?:packages|pre|post|addon)\b/m],
  ['autoinstall', /^autoinstall:/m],
  ['cloud-init', /^#cloud-config\b/m],
  ['ignition', /^variant:[ \t]*["']?(?:fcos|flatcar|r4e)\b/m],
  ['windows', /<unattend\b/],
  ['autoyast', /xmlns="http:\/\/www\.suse\.com\/1\.0\/yast2ns"/],
]

const examples: Readonly<Record<string, string>> = {
  kickstart: 'kickstart/redhat/server.ks.hbs',
  preseed: 'kickstart/debian/server.cfg.hbs',
  autoinstall: 'kickstart/ubuntu/user-data.hbs',
  'cloud-init': 'kickstart/cloud/user-data.hbs',
  ignition: 'kickstart/ignition/server.bu.hbs',
  autoyast: 'kickstart/suse/autoinst.xml.hbs',
  agama: 'kickstart/suse/agama.json.hbs',
  esxi: 'kickstart/esxi/ks.cfg.hbs',
  windows: 'kickstart/windows/unattend.xml.hbs',
}

/** An answer that another family's installer would read; undefined where that is not certain. */
export function foreignFamily(house: House, profile: Answering): Finding | undefined {
  const family = answerFamily(house, profile)
  const { answer, name, distro, origin } = profile
  const written = Object.keys(examples).find((one) => examples[one] === answer) ?? familyIn(textOf(house, answer))
  if (!family || written === undefined || written === family.name) return undefined
  const message = `${answer} of profile ${name} is written for ${written}, and ${distro} reads ${family.name}`
  const hint = `name an answer for ${family.name}, ${examples[family.name]} for instance, or another distro`
  return { severity: 'error', message, ...origin, hint }
}

function familyIn(text: string): string | undefined {
  return marks.find(([, mark]) => mark.test(text))?.[0]
}

/** An install that nobody hears of keeps its permit until it ends as one that hangs. */
function silent(house: House, profile: Answering): readonly Finding[] {
  if (profile.kind !== 'install') return []
  const family = answerFamily(house, profile)
  const parts = partNames(house, profile).map((part) => partOf(house, profile.answer, family, part)?.template)
  const text = textsOf(house, [profile.answer, ...parts.filter((name) => name !== undefined)]).join('\n')
  // Cobbler's own last line tells it too.
  const tells = (/\breport\.url\b/.test(text) && /\bdone\b/.test(text)) || text.includes('/svc/op/')
  if (tells || text === '') return []
  const message = `${profile.answer} of profile ${profile.name} never reports that it is done: each of its installs will end as one that hangs`
  const hint = 'put {{> templates/post/_report.sh.hbs}} into its last script, and birnam_report done at the end'
  return [{ severity: 'warning', message, ...profile.origin, hint }]
}

/** The texts of templates, and of all parts that they call. */
function textsOf(house: House, names: readonly string[]): readonly string[] {
  const texts = new Map<string, string>()
  const open = [...names]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (texts.has(name)) continue
    const text = textOf(house, name)
    texts.set(name, text)
    for (const [, part] of text.matchAll(/\{\{~?#?>\s*([^\s}~]+)/g)) open.push(part!)
  }
  return [...texts.values()]
}

/** Empty where there is none, which is told where it is rendered. */
function textOf({ paths }: House, name: string): string {
  const found = paths.find(name)
  return found ? readFileSync(found.path, 'utf8') : ''
}
