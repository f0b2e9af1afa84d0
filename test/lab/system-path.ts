import { delimiter } from 'node:path'

/** PATH without what npm has put there: the npm package `dhcp` brings a `dhcpd` of its own, which takes every file. */
export const systemPath = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((directory) => !directory.includes('node_modules'))
  .join(delimiter)
