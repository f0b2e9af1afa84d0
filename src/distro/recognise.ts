import { recogniseDebian } from './debian.ts'
import type { Recognised, Wish } from './recognised.ts'
import { recogniseRedhat } from './redhat.ts'
import { recogniseSuse } from './suse.ts'
import { invalid, type Tree } from './tree.ts'
import { recogniseUbuntu } from './ubuntu.ts'

const recognisers = [recogniseUbuntu, recogniseDebian, recogniseRedhat, recogniseSuse]

/** Asks one after the other. Throws `distro-invalid` when one knows what it is and that it cannot be used. */
export async function recognise(tree: Tree, wish: Wish): Promise<Recognised | undefined> {
  for (const ask of recognisers) {
    const found = await ask(tree, wish)
    if (found) return found
  }
  return undefined
}

export function unrecognised(tree: Tree): Error {
  return invalid(
    `${tree.name} is of no distribution that Birnam recognises`,
    'say what it is: --as NAME --family F --version V --kernel PATH --initrd PATH, with paths inside of it or on this host',
  )
}
