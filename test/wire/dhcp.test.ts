import { expect, test } from 'vitest'
import { summary } from '../../src/dhcp/summary.ts'
import { captured, real } from '../dhcp/packets.ts'

// Refresh the golden texts with `vitest run test/wire --update` after reading what changed.
test.each(Object.entries(captured))('%s reads as what it is', async (name, { client }) => {
  const text = `# ${client}\n${summary(real(name)).join('\n')}\n`
  await expect(text).toMatchFileSnapshot(`../fixtures/packets/dhcp/${name}.txt`)
})
