/** RFC 764's netascii, as RFC 1350 wants it: a line end is CR LF, a lone CR is CR NUL. */
export function toNetascii(bytes: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(bytes.length * 2)
  let at = 0
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]!
    if (byte === lf) out[at++] = cr
    out[at++] = byte
    if (byte !== cr) continue
    // A CR LF that is there already stays one line end.
    if (bytes[index + 1] === lf) out[at++] = bytes[++index]!
    else out[at++] = 0
  }
  return out.subarray(0, at)
}

const cr = 13
const lf = 10
