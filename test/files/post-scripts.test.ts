import { expect, test } from 'vitest'
import { imageClass, orderScripts } from '../../src/files/post-scripts.ts'
import { aProfile } from '../site.ts'

const who = { image: 'porter', base: 'web', groups: ['rack', 'edge'], host: 'web07.example.org' }

test("SystemImager's order: all, image, base name, groups, host; by number within", () => {
  const names = [
    '10web07.example.org.last',
    '20edge.b',
    '10rack.a',
    '99all.second',
    '05all.first',
    '50porter.image',
    '01web.base',
  ]
  expect(orderScripts(names, who)).toEqual([
    '05all.first',
    '99all.second',
    '50porter.image',
    '01web.base',
    '10rack.a',
    '20edge.b',
    '10web07.example.org.last',
  ])
})

test.each(['README', '1all.short', '10other.x', '10all', 'all.x', '10web08.example.org.x', '10.x'])(
  '%s is no script of this machine',
  (name) => {
    expect(orderScripts([name], who)).toEqual([])
  },
)

test("an image's scripts carry its own name, without the way to it", () => {
  expect(imageClass(aProfile('p', 'image', { image: 'port/porter:13' }))).toBe('porter')
  expect(imageClass(aProfile('p', 'image', { image: 'porter' }))).toBe('porter')
})
