import type { Command } from 'commander'
import { writeFileSync } from 'node:fs'
import { openTokens } from '../app/images.ts'
import { readDuration } from '../config/duration.ts'
import { signed } from '../api/caller.ts'
import { Fault } from '../fault.ts'
import { isImageName } from '../image/reference.ts'
import { isOpen, type TokenBook, type TokenRight, type TokenWish } from '../image/tokens.ts'
import { ownName } from '../net/unix-peer.ts'
import { globals, placeHere, several } from './context.ts'
import { behindSudo } from './machines.ts'
import { refuseWrongPlace } from './other-server.ts'
import { say } from './output.ts'
import { dated, show, table } from './print.ts'

/** `token create`, `token ls`, `token rm`: who besides the machines may pull and push images. */
export function addToken(program: Command): void {
  const token = program
    .command('token')
    .description('who besides the machines may pull and push images of the registry at /v2/')
  addCreate(token)
  token
    .command('ls')
    .description('the tokens there are: what each may do, until when, and when it was used last')
    .action((_options, command: Command) => list(bookOf(command), command))
  token
    .command('rm <name...>')
    .description('take tokens away; a running server refuses them from its next request on')
    .action(async (names: string[], _options, command: Command) => {
      await refuseWrongPlace(placeHere(command))
      const book = bookOf(command)
      for (const name of names) book.remove(name)
      show(names, globals(command).json, () => names.map((name) => `${name}: taken away`).join('\n'))
    })
}

interface CreateFlags {
  readonly push?: boolean
  readonly image: readonly string[]
  readonly for?: string
  readonly out?: string
}

function addCreate(token: Command): void {
  token
    .command('create <name>')
    .description('make a token, and print it this once: it is the password of any user name')
    .option('--push', 'it may push, too')
    .option('--image <name>', 'only this image, or all below: team/* (may be repeated)', several, [])
    .option('--for <time>', 'how long it lasts: 8h, 30d (default: until it is taken away)')
    .option('--out <file>', 'write it to this new file, for its owner alone')
    .action((name: string, flags: CreateFlags, command: Command) => create(name, flags, command))
}

async function create(name: string, flags: CreateFlags, command: Command): Promise<void> {
  const { json } = globals(command)
  if (json && flags.out === undefined) throw jsonAlone()
  const now = Date.now()
  const wish = wishOf(name, flags, now)
  await refuseWrongPlace(placeHere(command))
  const book = bookOf(command)
  const token = book.add(wish, now)
  if (flags.out !== undefined) keep(flags.out, token, () => book.remove(name))
  else if (!(await say(token))) throw untold(() => book.remove(name))
  const text = `${name}: ${told(wish)}${flags.out === undefined ? '; it is not shown again' : `; written to ${flags.out}`}`
  if (json) void say(JSON.stringify({ ...wish, createdAt: now }, null, 2))
  else console.error(text)
}

function wishOf(name: string, { push, image, for: time }: CreateFlags, now: number): TokenWish {
  for (const form of image) if (!isImageName(form.replace(/\/\*$/, ''))) throw badImage(form)
  const seconds = time === undefined ? undefined : readDuration(time)
  if (time !== undefined && !seconds) throw badTime(time)
  const ends = seconds !== undefined && { expiresAt: now + seconds * 1000 }
  return { name, may: push ? 'push' : 'pull', images: [...image], by: signed(ownName(), behindSudo().by), ...ends }
}

/** A token that nobody was told is no use. */
function keep(file: string, token: string, takeBack: () => void): void {
  try {
    writeFileSync(file, `${token}\n`, { mode: 0o600, flag: 'wx', flush: true })
  } catch (error) {
    takeBack()
    const why = (error as NodeJS.ErrnoException).code === 'EEXIST' ? 'it is there already' : (error as Error).message
    throw new Fault('request-invalid', `the token cannot be written to ${file}: ${why}`, {
      hint: 'name a new file with --out; no token was made',
      cause: error,
    })
  }
}

function untold(takeBack: () => void): Fault {
  takeBack()
  return new Fault('request-invalid', 'the token could not be written to standard output', {
    hint: 'no token was made; name a file for it with --out',
  })
}

function list(book: TokenBook, command: Command): void {
  const tokens = book.list().map(({ hash: _hash, ...token }) => token)
  show(tokens, globals(command).json, () =>
    tokens.length === 0
      ? 'No tokens yet: birnam token create NAME makes one.'
      : table([['NAME', 'MAY', 'IMAGES', 'UNTIL', 'USED', 'BY'], ...tokens.map(row)]),
  )
}

function row(token: Omit<TokenRight, 'hash'>): string[] {
  const { name, images, expiresAt, usedAt, by } = token
  const until = expiresAt === undefined ? '-' : isOpen(token, Date.now()) ? dated(expiresAt) : 'over'
  return [name, rights(token), images.join(' ') || 'all', until, usedAt === undefined ? 'never' : dated(usedAt), by]
}

function told(wish: TokenWish): string {
  const until = wish.expiresAt === undefined ? 'until it is taken away' : `until ${dated(wish.expiresAt)} UTC`
  return `may ${rights(wish)} ${wish.images.join(', ') || 'every image'}, ${until}`
}

function rights({ may }: Pick<TokenWish, 'may'>): string {
  return may === 'push' ? 'pull and push' : 'pull'
}

function bookOf(command: Command): TokenBook {
  return openTokens(placeHere(command).data)
}

function jsonAlone(): Fault {
  return new Fault('request-invalid', 'a token is never printed as JSON', { hint: 'name a file for it with --out' })
}

function badImage(form: string): Fault {
  return new Fault('request-invalid', `${JSON.stringify(form.slice(0, 200))} is no image`, {
    field: '--image',
    hint: 'write NAME, or DIRECTORY/* for all below',
  })
}

function badTime(time: string): Fault {
  return new Fault('request-invalid', `${JSON.stringify(time.slice(0, 40))} is no time`, {
    field: '--for',
    hint: 'write 8h, 30d or 1d12h',
  })
}
