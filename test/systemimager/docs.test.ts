import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const page = readFileSync(new URL('../../docs/from-systemimager.md', import.meta.url), 'utf8')

/** Of 4.3 and of 4.9, with the names that some had before. */
const commands =
  `si_addclients si_clusterconfig si_cpimage si_getimage si_installbtimage si_lint si_lsimage si_mkautoinstallcd
  si_mkautoinstalldisk si_mkautoinstallscript si_mkbootpackage si_mkbootserver si_mkclientnetboot si_mkclients si_mkdhcpserver
  si_mkdhcpstatic si_mkrsyncd_conf si_monitor si_monitord si_monitortk si_mvimage si_netbootmond si_pcp si_prepareclient si_psh
  si_pushinstall si_pushoverrides si_pushupdate si_rmimage si_updateclient`.split(/\s+/)

test.each(commands)('docs/from-systemimager.md says what became of %s', (command) => {
  const row = page.split('\n').find((line) => new RegExp(`^\\|.*\`${command}\\b.*\\|.*\\|$`).test(line))
  expect(row?.split('|')[2]?.trim()).toMatch(/\S{3}/)
})

const variables =
  `HOSTNAME DOMAINNAME DEVICE IPADDR NETMASK NETWORK BROADCAST GATEWAY GATEWAYDEV IMAGESERVER IMAGENAME SCRIPTNAME
  GROUPNAMES GROUP_OVERRIDES LOG_SERVER LOG_SERVER_PORT MONITOR_SERVER MONITOR_PORT MONITOR_CONSOLE ETHER_SLEEP TMPFS_STAGING
  SKIP_LOCAL_CFG SSH SSHD SSH_USER SSH_DOWNLOAD_URL`.split(/\s+/)
const places = [
  'images/NAME',
  'overrides/NAME',
  'scripts/hosts',
  'cluster.xml',
  'cluster.txt',
  '.master',
  'pre-install',
  'post-install',
]
  .concat([
    'autoinstallscript.conf',
    'disks-layout',
    'local.cfg',
    'rsyncd.conf',
    'rsync_stubs',
    'updateclient.local.exclude',
    'clients.xml',
  ])
  .concat(['flamethrower.conf', 'bittorrent.conf', 'tarballs/', 'torrents/'])

test('so does it of every variable and every place', () => {
  expect([...variables.map((name) => `\`${name}\``), ...places].filter((name) => !page.includes(name))).toEqual([])
})
