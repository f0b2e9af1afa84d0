import { Fault } from '../../fault.ts'
import { finishSubnets } from '../network/subnets.ts'
import { writeNetwork, type NetworkReport } from '../network/write.ts'
import type { ImportPlace } from '../place.ts'
import { refuseOther } from '../recognise.ts'
import { LeftList } from '../told.ts'
import { readKeaFile } from './json.ts'
import { readKea } from './read.ts'

/**
 * Subnets and reservations of Kea's DHCPv4 server become a site: `kea.yaml`, and `birnam.yaml` where there is none, with DHCP still off.
 * Throws `config-invalid` for what is no JSON of Kea, `request-invalid` for a file that is not there, that is another program's, and when
 * `kea.yaml` is there already.
 */
export function importKea(file: string, place: ImportPlace): NetworkReport {
  refuseOther(file, 'kea')
  const left = new LeftList()
  const { subnets: old, ranges, hosts, todo, often } = readKea(readKeaFile(file, left))
  const { subnets, todo: more } = finishSubnets(old, ranges, often)
  often.tell(left)
  if (subnets.length === 0 && hosts.length === 0)
    throw new Fault('request-invalid', `${file} names no subnet4 and no reservation`, {
      hint: 'name the kea-dhcp4.conf of the old server',
    })
  return writeNetwork(
    { program: 'Kea', from: file, file: 'kea.yaml', subnets, hosts, todo: [...todo, ...more] },
    place,
    left,
  )
}
