import { Fault } from '../../fault.ts'
import { writeNetwork, type NetworkReport } from '../network/write.ts'
import type { ImportPlace } from '../place.ts'
import { refuseOther } from '../recognise.ts'
import { LeftList } from '../told.ts'
import { readDhcpdFile } from './file.ts'
import { readDhcpd } from './read.ts'

/**
 * Subnets and hosts of ISC dhcpd become a site: `dhcpd.yaml`, and `birnam.yaml` where there is none, with DHCP still off. Throws
 * `config-invalid` for what dhcpd would refuse too, `request-invalid` for a file that is not there and when `dhcpd.yaml` is there already.
 */
export function importDhcpd(file: string, place: ImportPlace): NetworkReport {
  refuseOther(file, 'dhcpd')
  const left = new LeftList()
  const { subnets, hosts, isLog, todo } = readDhcpd(readDhcpdFile(file, left), left)
  if (subnets.length === 0 && hosts.length === 0)
    throw new Fault('request-invalid', `${file} names no subnet and no host`, {
      hint: isLog
        ? 'it is a dhcpd.leases in which no program made a host by OMAPI; leases themselves are not taken'
        : 'name the dhcpd.conf of the old server',
    })
  const name = isLog ? 'dhcpd-leases.yaml' : 'dhcpd.yaml'
  return writeNetwork({ program: 'ISC dhcpd', from: file, file: name, subnets, hosts, todo }, place, left)
}
