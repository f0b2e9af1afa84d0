/** What Debian and Ubuntu call their versions, by the name. */
export const codenames: Readonly<Record<string, string>> = {
  wheezy: '7',
  jessie: '8',
  stretch: '9',
  buster: '10',
  bullseye: '11',
  bookworm: '12',
  trixie: '13',
  forky: '14',
  duke: '15',
  trusty: '14.04',
  xenial: '16.04',
  bionic: '18.04',
  focal: '20.04',
  jammy: '22.04',
  noble: '24.04',
}

/** Undefined for a name that is none of theirs, whatever a file says. */
export function versionNamed(name: string): string | undefined {
  return Object.hasOwn(codenames, name) ? codenames[name] : undefined
}

/** The name of a version of Debian: `13` is trixie. */
export function codenameOf(version: string): string | undefined {
  return Object.keys(codenames).find((name) => codenames[name] === version)
}
