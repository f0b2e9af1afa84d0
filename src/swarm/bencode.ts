export type Bencoded = number | string | Uint8Array | readonly Bencoded[] | { readonly [key: string]: Bencoded }

/** BEP 3, "bencoding": text as UTF-8, the keys of a dictionary sorted as bytes. */
export function bencode(value: Bencoded): Buffer {
  if (typeof value === 'number') return Buffer.from(`i${value}e`)
  if (typeof value === 'string') return bencode(Buffer.from(value))
  if (value instanceof Uint8Array) return Buffer.concat([Buffer.from(`${value.length}:`), value])
  const inside = isList(value) ? value.map(bencode) : pairs(value)
  return Buffer.concat([Buffer.from(isList(value) ? 'l' : 'd'), ...inside, Buffer.from('e')])
}

function isList(value: Bencoded): value is readonly Bencoded[] {
  return Array.isArray(value)
}

function pairs(map: Exclude<Bencoded, number | string | Uint8Array | readonly Bencoded[]>): Buffer[] {
  const keys = Object.keys(map).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  return keys.flatMap((key) => [bencode(key), bencode(map[key]!)])
}
