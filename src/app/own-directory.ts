import { chmodSync, lstatSync, readdirSync, statSync, type Stats } from 'node:fs'
import { join } from 'node:path'

/** Directories of the data directory that are secret to the last file: layers hold /etc/shadow. */
const secret = new Set(['images', 'image-trees', 'torrents', 'imager', 'tokens', 'captures'])
/** Below these are trees whose modes belong to what is in them, or that everybody may have; the directory itself is shut. */
const shutAlone = new Set(['distros', 'trees', 'systemimager'])
const files = new Set(['registry-token', 'image-key.pem'])
/** In the root of every file system of its own. */
const nobodys = 'lost+found'

const told = new Set<string>()

function sayOnStderr(sentence: string): void {
  console.error(`birnam: ${sentence}`)
}

/**
 * Shuts the data directory to everybody but its owner, whatever it was before: 700, and what is in it 700 or 600. A directory that holds
 * other things too (`--data /srv`) stays as it is, and only what is Birnam's is shut. What was changed, and what could not be, is said once.
 */
export function shutToOthers(directory: string, say: (sentence: string) => void = sayOnStderr): void {
  const top = statSync(directory, { throwIfNoEntry: false })
  if (!top?.isDirectory()) return
  const shutting = new Shutting()
  const names = shutting.namesIn(directory)
  const isOwn = names.every((name) => name === nobodys || isOurs(name))
  const wasOpen = isOpen(top)
  if (isOwn) shutting.shut(directory, top)
  for (const name of names.filter(isOurs)) shutting.entry(join(directory, name), secret.has(name), wasOpen)
  for (const sentence of sentences(directory, isOwn || !wasOpen, shutting)) {
    if (told.has(sentence)) continue
    told.add(sentence)
    say(sentence)
  }
}

function isOurs(name: string): boolean {
  return secret.has(name) || shutAlone.has(name) || files.has(name) || name.startsWith('birnam.')
}

function isOpen({ mode }: Stats): boolean {
  return (mode & 0o077) !== 0
}

function sentences(directory: string, isAlone: boolean, { count, foreign }: Shutting): string[] {
  const first = foreign[0]
  return [
    ...(count > 0
      ? [`${directory} was open to other users of this host, and is its owner’s alone now (changed: ${count})`]
      : []),
    ...(isAlone
      ? []
      : [
          `${directory} holds other things than Birnam’s and stays open to other users: give Birnam a directory of its own`,
        ]),
    ...(first === undefined
      ? []
      : [
          `${first} is open to other users of this host and belongs to another user, so it cannot be shut (${foreign.length} in all): chown it to the user that runs Birnam, or chmod go-rwx it`,
        ]),
  ]
}

class Shutting {
  count = 0
  readonly foreign: string[] = []

  namesIn(directory: string): readonly string[] {
    try {
      return readdirSync(directory)
    } catch {
      // Not readable by this user: whoever opens it next says so.
      return []
    }
  }

  /** `deep`: what stands below was open to others as well. */
  entry(path: string, isSecret: boolean, deep: boolean): void {
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (!stat || stat.isSymbolicLink()) return
    const wasOpen = isOpen(stat)
    this.shut(path, stat)
    if (!stat.isDirectory() || !isSecret || !(deep || wasOpen)) return
    for (const name of this.namesIn(path)) this.entry(join(path, name), true, true)
  }

  shut(path: string, stat: Stats): void {
    if (!isOpen(stat)) return
    try {
      chmodSync(path, stat.mode & 0o700)
      this.count++
    } catch {
      this.foreign.push(path)
    }
  }
}
