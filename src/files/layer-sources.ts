import type { House } from './house.ts'

/**
 * Where a machine finds the layers of an image, apart by blanks, the first one first: the site's mirrors, then this server. A registry
 * has them by the image's name, a copied OCI layout by digest alone.
 */
export function layerSources(house: House, registry: string, name: string): string {
  const { mirrors } = house.registry.site.server.images
  return [...mirrors.map((mirror) => mirrored(mirror, name)), `${registry}/blobs`].join(' ')
}

function mirrored(mirror: string, name: string): string {
  return /\/v2(?:\/|$)/.test(new URL(mirror).pathname) ? `${mirror}/${name}/blobs` : `${mirror}/blobs/sha256`
}
