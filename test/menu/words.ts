import fc from 'fast-check'

const letters = 'abcxyz019._-/:,;&|#{}()$<>*?!~@%+^`[]'.split('')
const signs = '\n\r\t\0 ;|&${}\'"\\#=ab'.split('')
const part = fc.array(fc.constantFrom(...letters), { minLength: 1, maxLength: 12 }).map((chars) => chars.join(''))
const key = fc
  .stringMatching(/^[a-z][a-z0-9._/-]{0,11}$/)
  .filter((text) => !['initrd', 'kernel', 'pxe.pad', 'quiet', 'ro', 'rw'].includes(text))

/** `key=value`, with one `=`. */
export const pairWord = fc.tuple(key, part).map(([name, value]) => `${name}=${value}`)
/** A word without `=`. */
export const bareWord = fc.oneof(fc.constantFrom('quiet', 'ro', 'auto', '---', 'text', '||', '&&', ';', '#'), part)
const urlWord = fc.tuple(key, key).map(([name, value]) => `${name}=http://10.77.0.1/?${value}=1`)

/** Every kernel argument that every loader but iPXE takes. */
export const word = fc.oneof(pairWord, bareWord, urlWord)

/** Any UTF-16 at all. */
export const anyText = fc
  .array(fc.oneof(fc.nat(0x7f), fc.nat(0xffff)), { maxLength: 60 })
  .map((codes) => String.fromCharCode(...codes))

/** Anything that could come out of a template, broken on purpose. */
export const hostileText = fc.oneof(
  anyText,
  fc
    .array(fc.constantFrom(...signs, '\u2028', '\u0085', '${net0/mac}', '||', 'menuentry', '\nLABEL x'), {
      maxLength: 10,
    })
    .map((all) => all.join('')),
)
