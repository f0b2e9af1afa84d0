/** What XML-RPC can carry of ours. */
export type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value }

/** A methodResponse (xmlrpc.com/spec). */
export function replyText(value: Value): string {
  return `${head}<methodResponse><params><param>${textOf(value)}</param></params></methodResponse>`
}

/** A fault: a number of ours and one sentence. */
export function faultText(code: number, message: string): string {
  const fault = textOf({ faultCode: code, faultString: message })
  return `${head}<methodResponse><fault>${fault}</fault></methodResponse>`
}

const head = '<?xml version="1.0"?>\n'

function textOf(value: Value): string {
  return `<value>${innerOf(value)}</value>`
}

function innerOf(value: Value): string {
  if (typeof value === 'string') return `<string>${escaped(value)}</string>`
  if (typeof value === 'boolean') return `<boolean>${Number(value)}</boolean>`
  if (typeof value === 'number') return Number.isInteger(value) ? `<int>${value}</int>` : `<double>${value}</double>`
  if (isList(value)) return `<array><data>${value.map(textOf).join('')}</data></array>`
  const members = Object.entries(value).map(
    ([name, member]) => `<member><name>${escaped(name)}</name>${textOf(member)}</member>`,
  )
  return `<struct>${members.join('')}</struct>`
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

// XML 1.0 has no way to write other control characters.
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd]/g, '?')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
}
