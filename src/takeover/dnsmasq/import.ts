import { Fault } from '../../fault.ts'
import { finishSubnets } from '../network/subnets.ts'
import { writeNetwork, type NetworkReport } from '../network/write.ts'
import { Often } from '../often.ts'
import type { ImportPlace } from '../place.ts'
import { refuseOther } from '../recognise.ts'
import { LeftList } from '../told.ts'
import { readDnsmasqFile } from './lines.ts'
import { readDnsmasq } from './read.ts'

/**
 * Ranges and hosts of dnsmasq become a site: `dnsmasq.yaml`, and `birnam.yaml` where there is none, with DHCP still off. Throws
 * `request-invalid` for a file that is not there, that is another program's, and when `dnsmasq.yaml` is there already.
 */
export function importDnsmasq(file: string, place: ImportPlace): NetworkReport {
  refuseOther(file, 'dnsmasq')
  const left = new LeftList()
  const often = new Often()
  const old = readDnsmasq(readDnsmasqFile(file, left), often)
  const { subnets, todo } = finishSubnets(old.subnets, old.ranges, often)
  often.tell(left)
  if (subnets.length === 0 && old.hosts.length === 0)
    throw new Fault('request-invalid', `${file} names no dhcp-range and no dhcp-host`, {
      hint: 'name the dnsmasq.conf of the old server',
    })
  return writeNetwork(
    { program: 'dnsmasq', from: file, file: 'dnsmasq.yaml', subnets, hosts: old.hosts, todo: [...old.todo, ...todo] },
    place,
    left,
  )
}
