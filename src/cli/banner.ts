import type { Listener } from '../app/listeners.ts'
import type { Site } from '../config/site.ts'
import { paint } from './print.ts'
import type { Place } from './place.ts'

/** What listens where, what does not and why, and what to do next. */
export function bannerText(place: Place, listeners: readonly Listener[], site: Site): string {
  const width = Math.max(...listeners.map(({ name }) => name.length))
  const lines = listeners.map(({ name, state, where, why, hint }) => {
    const mark = state === 'listening' ? paint('green', 'on ') : paint('yellow', 'off')
    const rest = state === 'listening' ? where : `${why}${hint === undefined ? '' : `: ${hint}`}`
    return `  ${name.padEnd(width)}  ${mark}  ${rest}`
  })
  const counts = `${site.machines.length} machines, ${site.profiles.length} profiles`
  const from = place.example ? `${place.site} (the example; give your own with --site DIR)` : place.site
  return [
    `${paint('bold', 'Birnam')} serves ${from}: ${counts}`,
    `data in ${place.data}`,
    ...lines,
    '',
    ...nextSteps(site),
  ].join('\n')
}

function nextSteps(site: Site): string[] {
  const machine = site.machines[0]?.name
  if (machine === undefined)
    return ['Next: name a machine under machines: in a YAML file of the site; it is read at once.', 'Ready.']
  return [`Next, in another terminal: npx birnam explain ${machine}    (what it would get)`, 'Ready. Stop with Ctrl-C.']
}
