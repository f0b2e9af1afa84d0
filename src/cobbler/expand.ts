import type { Item } from './item.ts'

/** A value that Cobbler substitutes after the rendering: the old server is still the one that holds what it names. */
export function expand(text: string, settings: Item): string {
  const server = settings.text('server')
  if (server === undefined || !/^[\w.:-]+$/.test(server)) return text
  const port = settings.text('http_port') ?? '80'
  const host = port === '80' ? server : `${server}:${port}`
  return text
    .replaceAll(/@@http_server@@|\$\{?http_server\b\}?/g, host)
    .replaceAll(/@@server@@|\$\{?server\b\}?/g, server)
}
