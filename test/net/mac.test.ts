import { expect, test } from 'vitest'
import { readMac } from '../../src/net/mac.ts'

test.each([
  '52:54:00:12:34:56',
  '52-54-00-12-34-56',
  '525400123456',
  '5254.0012.3456',
  '5254-0012-3456',
  '52:54:00:AB:34:56',
])('%s is a MAC address', (text) => expect(readMac(text)).toMatch(/^52:54:00:(?:12|ab):34:56$/))

test.each([
  '',
  '5254.0012-3456',
  '5254.0012.345',
  '5254:0012:3456',
  '52.54.00.12.34.56',
  '52:54:00:12:34:5g',
  '5254.0012.3456.7890',
])('%s is none', (text) => expect(readMac(text)).toBeUndefined())
