/**
 * RFC 764's netascii, as RFC 1350 wants it: a line end is CR LF, a lone CR is CR NUL. Whole texts are translated before they are cut into
 * blocks, so that no pair is lost at the end of one.
 */
export function toNetascii(bytes: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(bytes.length * 2)
  let at = 0
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]!
    if (byte === lf) out[at++] = cr
    out[at++] = byte
    if (byte === cr) out[at++] = nul
  }
  return out.subarray(0, at)
}

const nul = 0
const cr = 13
const lf = 10
