import type { Finding } from '../api/finding.ts'
import { paint } from './print.ts'

/** One finding a line. */
export function findingLine({
  severity,
  machine,
  message,
  file,
  line: at,
  hint,
  more = 0,
}: Finding & { readonly more?: number }): string {
  const mark = severity === 'error' ? paint('red', 'error  ') : paint('yellow', 'warning')
  const place = file === undefined ? '' : `${file}${at === undefined || at === 0 ? '' : `:${at}`}: `
  return `${mark}  ${place}${machine === undefined ? '' : `${machine}: `}${message}${hint === undefined ? '' : ` (${hint})`}${more === 0 ? '' : `, and ${more} more`}`
}
