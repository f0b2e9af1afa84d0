import { readlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { noCluster, readClusterTxt, readClusterXml, type Cluster } from './cluster.ts'
import { readClientJson, readClientsXml, readDhcpd, readHosts, type Card } from './hosts.ts'
import { shortOf } from './names.ts'
import { OldFiles } from '../takeover/old-files.ts'
import { isName, type LeftList } from '../takeover/told.ts'

/** What a SystemImager server has, as far as it means something here. */
export interface OldSite {
  readonly files: OldFiles
  /** Directories below images/ and overrides/. */
  readonly images: readonly string[]
  readonly overrides: readonly string[]
  /** By their names: `porter` for porter.master. */
  readonly scripts: ReadonlyMap<string, OldScript>
  /** Which script a host runs: from its link `node001.sh`. */
  readonly links: ReadonlyMap<string, string>
  readonly cluster: Cluster
  readonly hosts: ReadonlyMap<string, string>
  readonly cards: readonly Card[]
  /** Names below scripts/post-install. */
  readonly postInstall: readonly string[]
  /** Names below scripts/disks-layouts. */
  readonly layouts: readonly string[]
}

export interface OldScript {
  readonly image: string
  /** Overrides that it lays over all others, the weakest first. */
  readonly extras: readonly string[]
}

export interface OldPlace {
  /** /var/lib/systemimager */
  readonly base: string
  /** /etc/systemimager, when there is one. */
  readonly etc?: string
}

/** Reads everything but the trees of images and overrides. Throws `config-invalid` for a broken cluster.xml. */
export function readOldSite(place: OldPlace, left: LeftList): OldSite {
  const files = new OldFiles(place.base, left)
  const etc = place.etc === undefined ? undefined : new OldFiles(place.etc, left)
  const links = linksIn(files, left)
  tellOthers(files, etc, left)
  return {
    files,
    images: directoriesIn(files, 'images', left),
    overrides: directoriesIn(files, 'overrides', left),
    scripts: scriptsIn(files, left),
    links,
    cluster: clusterOf(files, etc, left),
    hosts: readHosts(files.text('scripts/hosts') ?? ''),
    cards: cardsOf(files, etc, left),
    postInstall: files.names('scripts/post-install'),
    layouts: files.names('scripts/disks-layouts'),
  }
}

function directoriesIn(files: OldFiles, folder: string, left: LeftList): string[] {
  return files.names(folder).filter((name) => {
    const path = `${folder}/${name}`
    if (name === 'README' || name === 'DO_NOT_TOUCH_THESE_DIRECTORIES' || name === 'ACHTUNG') return false
    if (!isName(name)) left.add(path, 'its name is none that it could have here')
    else if (files.isDirectory(path)) return true
    else if (!files.stat(path)?.isSymbolicLink()) left.add(path, 'is no directory')
    return false
  })
}

/** `[ -z $OVERRIDES ] && OVERRIDES="porter $GROUP_OVERRIDES $HOSTNAME extra"` is what si_mkautoinstallscript writes. */
function scriptsIn(files: OldFiles, left: LeftList): ReadonlyMap<string, OldScript> {
  const found = new Map<string, OldScript>()
  for (const file of files.names('scripts').filter((name) => name.endsWith('.master'))) {
    const name = basename(file, '.master')
    const text = files.text(`scripts/${file}`)
    if (text === undefined || !isName(name)) continue
    const image = /^[^#\n]*\bIMAGENAME=["']?([\w.-]+)/m.exec(text)?.[1] ?? name
    const words = /^[^#\n]*\bOVERRIDES="[^"\n]*\$HOSTNAME([^"\n]*)"/m.exec(text)?.[1] ?? ''
    found.set(name, { image, extras: words.split(/\s+/).filter(isName) })
    left.add(
      `scripts/${file}`,
      'install scripts are made here for each machine: put what you changed in it by hand into post-install/',
    )
  }
  return found
}

function linksIn(files: OldFiles, left: LeftList): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const file of files.names('scripts').filter((name) => name.endsWith('.sh'))) {
    const host = shortOf(basename(file, '.sh'))
    const path = `scripts/${file}`
    const target = files.stat(path)?.isSymbolicLink() ? readlinkSync(join(files.base, path)) : undefined
    const script = /^(?:\.\/)?([^/]+)\.master$/.exec(target ?? '')?.[1]
    if (script !== undefined && isName(script) && isName(host)) found.set(host, script)
    else
      left.add(
        path,
        target === undefined
          ? 'a script of its own: put what it does into post-install/'
          : 'a link that leads to no script beside it',
      )
  }
  return found
}

function clusterOf(files: OldFiles, etc: OldFiles | undefined, left: LeftList): Cluster {
  const xml = etc?.text('cluster.xml')
  if (xml !== undefined) return readClusterXml(join(etc!.base, 'cluster.xml'), xml, left)
  const flat = files.text('scripts/cluster.txt')
  return flat === undefined ? noCluster : readClusterTxt('scripts/cluster.txt', flat, left)
}

/** Only these tell which card a machine has: SystemImager itself never asked. */
function cardsOf(files: OldFiles, etc: OldFiles | undefined, left: LeftList): readonly Card[] {
  const clients = files.text('clients.xml')
  const around = etc && new OldFiles(join(etc.base, '..'), left)
  const dhcpd = ['dhcp/dhcpd.conf', 'dhcpd.conf', 'dhcp3/dhcpd.conf'].map((file) => around?.text(file))
  return [
    ...dhcpd.flatMap((text) => (text === undefined ? [] : readDhcpd(text))),
    ...files
      .names('clients')
      .filter((name) => name.endsWith('_def.json'))
      .flatMap((name) => readClientJson(files.text(`clients/${name}`) ?? '')),
    ...(clients === undefined ? [] : readClientsXml(join(files.base, 'clients.xml'), clients)),
  ]
}

const taken = new Set(['etc', 'images', 'overrides', 'scripts', 'clients.xml', 'clients'])
const takenScripts = new Set(['hosts', 'cluster.txt', 'post-install', 'disks-layouts'])

/** Why there is no place for it here. */
const others: Readonly<Record<string, string>> = {
  tarballs: 'made anew from layers',
  torrents: 'made anew: transport: torrent in a profile',
  flamethrower: 'multicast is set in birnam.yaml: images.multicast',
  'pre-install':
    'nothing runs before the disks are written; a part of the site’s own install script can (templates/imager/)',
  'main-install': 'the install script is made of parts, which a site may replace (templates/imager/)',
  configs: 'kernel arguments stand in a profile: args',
  'network-configs': 'vars.network of a machine or group says how its network is set up',
}

/** Settings that a person may have changed. */
const settings: Readonly<Record<string, string>> = {
  'systemimager.conf': 'birnam.yaml has what a server is told',
  'systemimager.json': 'birnam.yaml has what a server is told',
  'client.conf': 'clients have nothing to be told here',
  'updateclient.local.exclude': 'name what an update leaves alone: see docs/living-machines.md',
  'getimage.exclude': 'name it when you capture: --exclude',
  'rsync_stubs/99local': 'modules of your own stay with your own rsyncd',
  'flamethrower.conf': 'multicast is set in birnam.yaml: images.multicast',
  'bittorrent.conf': 'transport: torrent in a profile',
  'autoinstallscript.template': 'a site may replace parts of the install script (templates/imager/)',
  'pxelinux.cfg': 'menus are written for each machine',
  'UYOK.modules_to_include': 'birnam imager build chooses drivers; see its --help',
  'UYOK.modules_to_exclude': 'birnam imager build chooses drivers; see its --help',
}

function tellOthers(files: OldFiles, etc: OldFiles | undefined, left: LeftList): void {
  for (const name of files.names('').filter((each) => !taken.has(each)))
    if (files.stat(name)?.isFile() || files.names(name).length > 0)
      left.add(name, others[name] ?? 'nothing here knows it')
  for (const name of files.names('scripts').filter((each) => !takenScripts.has(each) && !/\.(?:master|sh)$/.test(each)))
    left.add(`scripts/${name}`, others[name] ?? 'nothing here knows it')
  for (const [name, why] of Object.entries(settings)) if (etc?.stat(name)) left.add(join(etc.base, name), why)
}
