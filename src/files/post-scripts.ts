import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Machine, Profile } from '../config/site.ts'
import { readReference } from '../image/reference.ts'
import { contextOf, type Audience } from './context.ts'
import type { House } from './house.ts'
import { readSiteFile } from './site-file.ts'

export interface PostScript {
  /** `50web.firewall` */
  readonly name: string
  readonly text: string
}

/** What a machine is called in the names of scripts. */
export interface Classes {
  readonly image: string
  /** Up to the first digit or dot: `web` of `web07.example.org`. */
  readonly base: string
  /** Weakest first. */
  readonly groups: readonly string[]
  readonly host: string
}

const folder = 'post-install'

/** The site's scripts for this machine in the order in which they run; `*.hbs` are templates. */
export function postScriptsOf(
  house: House,
  machine: Machine,
  image: string,
  audience: Audience,
): readonly PostScript[] {
  const groups = house.registry.groupsOf(machine).toReversed()
  const host = machine.hostname
  const who = { image, base: /^[^\d.]*/.exec(host)![0], groups: groups.map(({ name }) => name), host }
  return orderScripts(filesIn(join(house.registry.site.directory, folder)), who).map((file) => ({
    name: file.replace(/\.hbs$/, ''),
    text: textOf(house, `${folder}/${file}`, machine, audience),
  }))
}

/**
 * SystemImager's rule: a script is called `NNclass.description`; those for all run first, then the image's, those of the host's
 * base name, of its groups, and its own; within a class by number. Anything else is no script of this machine.
 */
export function orderScripts(names: readonly string[], { image, base, groups, host }: Classes): readonly string[] {
  const classes = ['all', image, base, ...groups, host]
  const ranked = names.flatMap((name) => {
    const [, number, rest] = /^(\d\d)(.+)$/.exec(name) ?? []
    // A host's name has dots of its own, so the class is what the name begins with, up to a dot.
    const rank = rest === undefined ? -1 : classes.findLastIndex((one) => one !== '' && rest.startsWith(`${one}.`))
    return rank < 0 ? [] : [{ name, rank, number: number! }]
  })
  return ranked
    .toSorted((a, b) => a.rank - b.rank || (a.number + a.name < b.number + b.name ? -1 : 1))
    .map(({ name }) => name)
}

/** The repository of an image, as its scripts call it: `porter` of `port/porter:13`. */
export function imageClass({ image }: Extract<Profile, { kind: 'image' }>): string {
  return (readReference(image)?.name ?? image).split('/').at(-1)!
}

function filesIn(directory: string): readonly string[] {
  const there = statSync(directory, { throwIfNoEntry: false })?.isDirectory()
  return there ? readdirSync(directory).filter((name) => !name.startsWith('.') && !name.endsWith('~')) : []
}

function textOf(house: House, file: string, machine: Machine, audience: Audience): string {
  if (file.endsWith('.hbs')) return house.templates.render(file, contextOf(house, audience), machine.name)
  return readSiteFile(house, file)
}
