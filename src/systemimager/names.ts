import { isImageName } from '../image/reference.ts'

/** Up to the first dot: what SystemImager's clients call themselves. */
export function shortOf(host: string): string {
  return host.split('.', 1)[0]!
}

/** What an image is called here: small letters; undefined when nothing of the name can stay. */
export function imageName(name: string): string | undefined {
  const small = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/[._-]{2,}/g, '-')
    .replaceAll(/^[._-]+|[._-]+$/g, '')
  return small.length <= 128 && isImageName(small) ? small : undefined
}
