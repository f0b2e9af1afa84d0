/** The text without all of that character at its end. An expression for it would look again from each of them. */
export function withoutEnd(text: string, sign: string): string {
  let length = text.length
  while (length > 0 && text[length - 1] === sign) length--
  return text.slice(0, length)
}
