import { mirrorHost } from './known.ts'

const asked =
  /wget\s+(?:-q\s+)?-O\s*-(?<gap>[\s\\]+)["']?http:\/\/\$\{?http_server\}?\/cblr\/svc\/op\/script\/(?:\$\w+|system|profile)\/\$\{?\w+\}?\/?\?script=(?<name>[\w.-]+)["']?/g

/** What stands below the web root of a Cobbler server: the first path of each line. */
export function contentIn(text: string): [line: number, path: string][] {
  return text.split('\n').flatMap((line, index): [number, string][] => {
    const path = /(?:http_server|server)[^\s/]*(\/(?:cobbler|cblr)\/(?!svc\b)[\w./-]{1,80})/.exec(line)?.[1]
    return path === undefined || line.trimStart().startsWith('##') ? [] : [[index + 1, path]]
  })
}

/** `wget -O- …/op/script/…?script=NAME | sh`: the script itself, in base64; and the mirror of a preseed. Lines stay lines. */
export function prepared(text: string): string {
  const mirrored = text.replaceAll(
    /(mirror\/https?\/hostname\s+string\s+)\$\{?http_server\b\}?/g,
    (_, begin: string) => `${begin}$${mirrorHost}`,
  )
  return mirrored.replaceAll(asked, (...found) => {
    const { gap, name } = found.at(-1) as { gap: string; name: string }
    return `echo${gap}$SNIPPET('script::${name}') | base64 -d`
  })
}
