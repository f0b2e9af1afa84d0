import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Listener } from '../app/listeners.ts'
import type { Site } from '../config/site.ts'
import type { Finding } from '../api/finding.ts'
import { findingLine } from './finding.ts'
import { lineFor, shippedTool, type Place } from './place.ts'
import { count, paint } from './print.ts'

/** What listens where, what does not and why, and what to do next. */
export function bannerText(
  place: Place,
  listeners: readonly Listener[],
  site: Site,
  troubles: readonly Finding[] = [],
): string {
  const counts = `${count(site.machines.length, 'machine')}, ${count(site.profiles.length, 'profile')}`
  const from = place.example ? `${place.site} (the example; give your own with --site DIR)` : place.site
  return [
    `${paint('bold', 'Birnam')} serves ${from}: ${counts}`,
    `data in ${place.data}`,
    ...listenerLines(listeners),
    ...troubles.map(findingLine),
    ...(place.example ? exampleKernel(place.site) : []),
    ...(listensAtAll(listeners) ? ['', ...nextSteps(place, site)] : []),
  ].join('\n')
}

/** One door a line: on where, or off why, and what to do. */
export function listenerLines(listeners: readonly Listener[]): readonly string[] {
  const width = Math.max(...listeners.map(({ name }) => name.length))
  return listeners.map(({ name, state, where, why, hint }) => {
    const mark = state === 'listening' ? paint('green', 'on ') : paint('yellow', 'off')
    const rest = state === 'listening' ? where : `${why}${hint ? ` (${hint})` : ''}`
    return `  ${name.padEnd(width)}  ${mark}  ${rest}`
  })
}

/** The commands' own socket alone serves nobody. */
export function listensAtAll(listeners: readonly Listener[]): boolean {
  return listeners.some(({ name, state }) => name !== 'commands' && state === 'listening')
}

/** What the example boots is not in git. */
function exampleKernel(site: string): readonly string[] {
  const isThere = ['linux', 'initrd.gz'].every((name) => existsSync(join(site, 'boot', name)))
  return isThere
    ? []
    : [`the kernel that the example boots is not here yet: ${shippedTool('example-kernel')} brings it`]
}

function nextSteps(place: Place, site: Site): string[] {
  const machine = site.machines[0]?.name
  if (machine === undefined)
    return ['Next: name a machine under machines: in a YAML file of the site; it is read at once.', 'Ready.']
  const line = lineFor(place, ['explain', machine])
  return [`Next, in another terminal: ${line}    (what it would get)`, 'Ready. Stop with Ctrl-C.']
}
