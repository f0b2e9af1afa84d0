import type { Part } from './family.ts'

const type = 'text/plain; charset=utf-8'

/**
 * What cloud-init's NoCloud asks for, in its order. A file that is not there is asked for ten times with a second between, so
 * those that say nothing are there and empty.
 */
export const nocloudParts: Readonly<Record<string, Part>> = {
  'user-data': { type, from: 'answer' },
  'meta-data': { type, from: { template: 'kickstart/cloud/meta-data.hbs' } },
  'vendor-data': { type, from: 'empty' },
  'network-config': { type, from: 'empty' },
}

/**
 * The word that makes cloud-init read its files from here. It puts their names right behind the URL, so the slash at the end counts.
 * `nocloud-net` is the name that every older cloud-init knows for the network, and deprecated since 24.1; `isOld`: this one is older.
 */
export function nocloudWord(url: string, isOld: boolean): string {
  return `ds=${isOld ? 'nocloud-net' : 'nocloud'};s=${url}/`
}
