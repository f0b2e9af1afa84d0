import { z } from 'zod'
import { writeIpxe } from './ipxe.ts'
import { isUrl, type Boot, type Entry } from './menu.ts'
import { quoted, unsafe } from './sound.ts'

/** What an API in the manner of pixiecore's names for one machine, and what it wants said of it. */
export interface PixiecoreReply {
  readonly boot: Extract<Boot, { kind: 'kernel' | 'script' }>
  readonly message?: string
}

const whole = z.object({
  kernel: z.string().optional(),
  initrd: z.array(z.string()).max(32).nullish(),
  cmdline: z.string().nullish(),
  message: z.string().nullish(),
  'ipxe-script': z.string().optional(),
})

/**
 * The body of `GET PREFIX/v1/boot/MAC` (pixiecore's README.api.md). Names without a host are at the root of the API's own server. Throws a
 * Fault (`menu-unsafe`) for what is no such reply, and for what iPXE could not be told.
 */
export function readPixiecoreReply(text: string, api: string): PixiecoreReply {
  const { data } = whole.safeParse(readJson(text))
  if (!data) throw unsafe('its reply is not what pixiecore reads', 'it is JSON with kernel, initrd and cmdline')
  const boot = data['ipxe-script'] ? scriptOf(data['ipxe-script']) : kernelOf(data, api)
  tryOut(boot)
  return { boot, ...(data.message && { message: data.message }) }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function kernelOf({ kernel, initrd, cmdline }: z.output<typeof whole>, api: string): PixiecoreReply['boot'] {
  if (!kernel) throw unsafe('its reply names no kernel', 'kernel: is the URL of one')
  const words = withUrls(cmdline ?? '', api).split(/\s+/)
  return {
    kind: 'kernel',
    kernel: urlOf(kernel, api),
    initrd: (initrd ?? []).map((name) => urlOf(name, api)),
    args: words.filter((word) => word !== ''),
  }
}

/** `{{ URL "…" }}`, the one thing that its templates have. */
function withUrls(cmdline: string, api: string): string {
  const line = cmdline.replaceAll(/\{\{-?\s*URL\s+(?:"([^"]*)"|`([^`]*)`)\s*-?\}\}/g, (_all, quotedName, rawName) =>
    urlOf(String(quotedName ?? rawName), api),
  )
  if (!line.includes('{{')) return line
  throw unsafe('its cmdline holds a template that nobody reads here', 'only {{ URL "…" }} is read')
}

function urlOf(name: string, api: string): string {
  const url = URL.parse(name, `${api}/v1/`)
  if (!url || !isUrl(url.href))
    throw unsafe(`a machine cannot fetch ${quoted(name)}`, 'it fetches by http: and https: URLs')
  url.hash = ''
  return url.href
}

function scriptOf(text: string): PixiecoreReply['boot'] {
  const lines = text.replaceAll('\r\n', '\n').trimEnd().split('\n')
  const odd = lines.findIndex((line) => !/^[\t -~]*$/.test(line))
  if (odd >= 0)
    throw unsafe(`line ${odd + 1} of its ipxe-script is not plain ASCII`, 'take accents and control characters out')
  return { kind: 'script', lines: lines.filter((line) => !line.startsWith('#!')) }
}

/** What cannot be written is found when it is heard, not when the machine asks. */
function tryOut(boot: Boot): void {
  const entry: Entry = { label: 'pixiecore', title: 'pixiecore', boot }
  writeIpxe({ comments: [], default: entry.label, timeout: 0, entries: [entry] }, 'http://0.0.0.0/')
}
