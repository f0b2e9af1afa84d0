import type { Command } from 'commander'
import { openStore, openTrees, type Keeper } from '../app/images.ts'
import { loadSite } from '../config/read.ts'
import { Fault } from '../fault.ts'
import { formatReference, parseReference } from '../image/reference.ts'
import type { ImageVersion } from '../image/store.ts'
import type { TreeCache } from '../image/tree-cache.ts'
import { placeHere } from './context.ts'

export interface Images extends Keeper {
  readonly cache: TreeCache
}

/** The images of this data directory, or of the registry that the site names. They can be worked with whether a server runs or not. */
export function openImages(command: Command): Images {
  const { site, data } = placeHere(command)
  return { ...openStore(data, loadSite(site).server.images), cache: openTrees(data) }
}

/** Throws `image-missing`. */
export async function versionNamed({ store }: Images, text: string): Promise<ImageVersion> {
  const reference = parseReference(text)
  const version = await store.find(reference)
  if (version) return version
  const others = (await store.list(reference.name)).flatMap(({ tags }) => tags)
  const hint = others.length > 0 ? `there are: ${others.slice(-10).join(', ')}` : 'birnam image ls shows what there is'
  throw new Fault('image-missing', `no image ${formatReference(reference)}`, { hint })
}

export function labelOf({ name, tags, digest }: ImageVersion): string {
  return tags[0] === undefined ? formatReference({ name, digest }) : formatReference({ name, tag: tags[0] })
}

/** Ends with the process being asked to: what was half done is taken back before it goes. */
export async function untilStopped<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController()
  const onSignal = (): void => stop.abort(new Fault('capture-failed', 'stopped: nothing was kept'))
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  try {
    return await work(stop.signal)
  } catch (error) {
    throw stop.signal.aborted ? (stop.signal.reason as Error) : error
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  }
}
