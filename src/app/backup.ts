import { existsSync, realpathSync } from 'node:fs'
import { mkdtemp, readdir, rm, unlink } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { Landing } from '../backup/landing.ts'
import { databaseName, type Manifest } from '../backup/manifest.ts'
import { dataMembers, siteMembers } from '../backup/members.ts'
import { readBackup } from '../backup/read.ts'
import { isThere, writeBackup } from '../backup/write.ts'
import { distrosAt, openDistros } from '../distro/distros.ts'
import { Fault } from '../fault.ts'
import { diskFault } from '../image/durable.ts'
import { openLayoutStore } from '../image/layout-store.ts'
import { openSigner } from '../image/sign.ts'
import { copyDatabase, removeDatabase, takeDatabase } from '../store/sqlite/backup.ts'
import { lockData } from '../store/sqlite/lock.ts'

export interface BackupPlace {
  readonly site: string
  readonly data: string
}

export interface BackupMade extends Manifest {
  readonly file: string
  /** Of the site: what no backup can hold. */
  readonly leftOut: readonly string[]
}

/** A server may run with that data directory. Throws `request-invalid`, `disk-failed`, `not-permitted`. */
export async function makeBackup(
  file: string,
  { site, data }: BackupPlace,
  { images, now }: { readonly images: boolean; readonly now: number },
): Promise<BackupMade> {
  if (existsSync(file)) throw isThere(file)
  if (!existsSync(join(data, basename(databaseName)))) throw nothingThere(data)
  if (isInside(file, site)) throw inItself(file, site)
  const temporary = await temporaryBeside(file)
  try {
    const from = join(temporary, 'copy.sqlite')
    const open = await copyDatabase(data, from, now)
    const ofSite = siteMembers(site, data)
    const distros = openDistros(distrosAt(data))
    const manifest: Manifest = {
      birnam: 1,
      madeAt: now,
      site,
      data,
      images,
      open: [...open],
      distros: distros.names().map((name) => ({ name, from: distros.find(name)!.manifest.source.from })),
    }
    const members = [
      { path: databaseName, kind: 'file', from, mode: 0o600 } as const,
      ...dataMembers(data, { images }),
      ...ofSite.members,
    ]
    await writeBackup(file, manifest, members)
    return { file, ...manifest, leftOut: ofSite.leftOut }
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

export interface RestoreWishes {
  /** What is there may be moved aside. */
  readonly replace: boolean
  /** Tokens of the registry come along, also those that were taken away since. */
  readonly tokens: boolean
  /** The site is left as it is. */
  readonly dataOnly: boolean
  readonly now: number
}

export interface Restored {
  readonly manifest: Manifest
  /** Machines whose permits were open when the backup was made. */
  readonly withdrawn: readonly string[]
  /** Names of tokens that were not brought back. */
  readonly tokens: readonly string[]
  /** Where what was there before is now. */
  readonly aside: readonly string[]
}

/** Either all of it or nothing. Throws `backup-invalid`, `request-invalid`, and `config-invalid` while a server runs with that data directory. */
export async function restoreBackup(file: string, place: BackupPlace, wishes: RestoreWishes): Promise<Restored> {
  const { site, data } = place
  if (isInside(data, site) || isInside(site, data)) throw oneInTheOther(place)
  const isNew = { data: !existsSync(data), site: !existsSync(site) }
  try {
    using _ = lockData(data)
    await using ofData = await Landing.prepare(data, { replace: wishes.replace, isNew: isNew.data })
    await using ofSite = wishes.dataOnly
      ? undefined
      : await Landing.prepare(site, { replace: wishes.replace, isNew: isNew.site })
    return await restoreInto(file, ofData, ofSite, wishes)
  } finally {
    if (isNew.data) await removeLone(data)
  }
}

async function restoreInto(
  file: string,
  data: Landing,
  site: Landing | undefined,
  { tokens, now }: RestoreWishes,
): Promise<Restored> {
  const database = join(data.stage, 'backup.sqlite')
  const manifest = await readBackup(file, { data: data.stage, database, ...(site && { site: site.stage }) })
  const open = await inSentence(file, async () => {
    await checkImages(data.stage)
    return takeDatabase(database, data.stage, { now, made: manifest.madeAt })
  })
  await removeDatabase(database)
  const left = tokens ? [] : await dropTokens(data.stage)
  const asides = [await site?.land(now), await data.land(now, basename(databaseName))]
  return {
    manifest,
    withdrawn: [...new Set([...manifest.open, ...open])],
    tokens: left,
    aside: asides.filter((path) => path !== undefined),
  }
}

/** A key and an index that the server could not read would shut it out of its own directory. */
async function checkImages(stage: string): Promise<void> {
  if (existsSync(join(stage, 'image-key.pem'))) openSigner(join(stage, 'image-key.pem'))
  if (existsSync(join(stage, 'images/index.json'))) await openLayoutStore(join(stage, 'images')).names()
}

/** A token that somebody took away since must not open anything again. */
async function dropTokens(stage: string): Promise<readonly string[]> {
  const directory = join(stage, 'tokens')
  const names = existsSync(directory) ? await readdir(directory) : []
  await rm(directory, { recursive: true, force: true })
  await rm(join(stage, 'registry-token'), { force: true })
  return names.map((name) => name.replace(/\.json$/, ''))
}

async function inSentence<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Fault)) throw diskFault(error, file)
    throw new Fault('backup-invalid', `${file} is no whole backup of Birnam: ${error.message}`, {
      hint: 'take another backup; nothing was changed',
      cause: error,
    })
  }
}

async function temporaryBeside(file: string): Promise<string> {
  try {
    return await mkdtemp(join(dirname(file), '.birnam-backup-'))
  } catch (error) {
    throw diskFault(error, dirname(file))
  }
}

/** Only the lock of a restore that came to nothing. */
async function removeLone(data: string): Promise<void> {
  const names = existsSync(data) ? await readdir(data) : []
  if (names.join() !== 'birnam.lock') return
  await unlink(join(data, 'birnam.lock'))
  await rm(data, { recursive: true })
}

function isInside(path: string, directory: string): boolean {
  return whole(path).startsWith(whole(directory) + sep)
}

/** As it is without links, as far as it is there. */
function whole(path: string): string {
  const at = resolve(path)
  if (existsSync(at) || dirname(at) === at) return existsSync(at) ? realpathSync(at) : at
  return join(whole(dirname(at)), basename(at))
}

function nothingThere(data: string): Fault {
  return new Fault('request-invalid', `the data directory ${data} holds no database`, {
    hint: 'name the one of the server with --data DIR',
  })
}

function inItself(file: string, site: string): Fault {
  return new Fault('request-invalid', `${file} lies in the site ${site}, which is to be backed up`, {
    hint: 'name a file elsewhere, best on another disk',
  })
}

function oneInTheOther({ site, data }: BackupPlace): Fault {
  return new Fault('request-invalid', `of ${site} and ${data} one lies in the other`, {
    hint: 'name two directories beside each other with --site DIR and --data DIR',
  })
}
