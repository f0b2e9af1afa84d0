import { openLayoutStore } from '../../src/image/layout-store.ts'
import { imageOf } from './layout.ts'

/** Puts a dozen versions one after the other and says their numbers: a process for the tests to kill. */
const [, , directory = '', who = ''] = process.argv
const store = openLayoutStore(directory)
for (let n = 0; n < 12; n++) {
  const { tags } = await store.put('porter', undefined, await imageOf(store, `${who} ${n} `.repeat(100_000)))
  console.log(tags.at(-1))
}
