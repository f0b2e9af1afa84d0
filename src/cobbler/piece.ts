import { Writer } from './writer.ts'

/** A piece of a new template: text as it shall come out, a value, or a tag. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly code: string }
  /** `eats`: its line goes away with it. */
  | { readonly kind: 'tag'; readonly code: string; readonly eats: boolean }

export function textOf(pieces: readonly Piece[]): string {
  const writer = new Writer()
  for (const piece of pieces) {
    if (piece.kind === 'text') writer.text(piece.text)
    else if (piece.kind === 'value') writer.value(piece.code)
    else writer.tag(piece.code, piece.eats)
  }
  return writer.end()
}
