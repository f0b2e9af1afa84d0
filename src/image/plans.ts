import { Fault } from '../fault.ts'
import type { Digest } from './digest.ts'
import { readLayer, type LayerRead } from './layer-names.ts'
import { formatReference } from './reference.ts'
import type { ImageStore, ImageVersion } from './store.ts'
import type { TreeCache } from './tree-cache.ts'
import { planUpdate, type LayersOf, type UpdatePlan } from './update-plan.ts'
import { treeOf } from './version-tree.ts'

const mostRemembered = 8

/** Plans between versions. Two versions are compared once for a whole fleet. */
export class Plans {
  readonly #store: ImageStore
  readonly #cache: TreeCache
  readonly #known = new Map<string, Promise<UpdatePlan>>()

  constructor(store: ImageStore, cache: TreeCache) {
    this.#store = store
    this.#cache = cache
  }

  /** `from` undefined: for a machine of which nothing is known. Throws `image-missing`, `image-invalid`. */
  between(from: ImageVersion | undefined, to: ImageVersion): Promise<UpdatePlan> {
    const key = `${from?.digest ?? ''} ${to.digest}`
    const before = this.#known.get(key)
    if (before) return before
    const making = this.#make(from, to)
    if (this.#known.size >= mostRemembered) this.#known.delete(this.#known.keys().next().value!)
    this.#known.set(key, making)
    making.catch(() => this.#known.delete(key))
    return making
  }

  async #make(from: ImageVersion | undefined, to: ImageVersion): Promise<UpdatePlan> {
    return planUpdate(from && (await this.#layersOf(from)), await this.#layersOf(to))
  }

  async #layersOf(version: ImageVersion): Promise<LayersOf> {
    const { tree } = await treeOf(this.#store, version, { cache: this.#cache })
    const { layers } = version.manifest
    const read = (index: number): Promise<LayerRead> => readLayer(this.#store, layers[index]!)
    return { digest: version.digest, tree, layers: layers.map(({ digest }) => digest), read }
  }
}

/** The version of a name by its digest or reference. Throws `image-missing`. */
export async function versionAt(store: ImageStore, name: string, digest: Digest): Promise<ImageVersion> {
  const version = await store.find({ name, digest })
  if (version) return version
  throw new Fault('image-missing', `${formatReference({ name, digest })} is not here any more`, {
    hint: 'say --full to write every file of the new version, whatever is there',
  })
}
