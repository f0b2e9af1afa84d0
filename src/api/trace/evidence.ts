import type { Facts } from './facts.ts'
import type { StepName } from './steps.ts'
import {
  conflict,
  declined,
  fullPool,
  ignored,
  nakked,
  noOffer,
  otherServer,
  proxyUnheeded,
  unwritten,
} from './rules/address.ts'
import { leapt } from './rules/clock.ts'
import { badFile, goneKernel, refusedKernel } from './rules/kernel.ts'
import { missingLoader, noLoader, otherAddress, tlsFailed, unconnected } from './rules/loader.ts'
import { failedMenu, refusedLoader } from './rules/menu.ts'
import { answerWhy, nothingButHttp, scriptWhy } from './rules/system.ts'
import { brokenOff } from './rules/transfer.ts'

/** What some facts say of a stop. Pure: facts in, a sentence out, or nothing. */
export type Rule = (facts: Facts) => string | undefined

/**
 * In their order: the first that has something to say names the cause. What a person wrote or a program said goes before what follows from silence.
 */
const rules: Readonly<Record<StepName, readonly Rule[]>> = {
  address: [noOffer, unwritten, declined, otherServer, nakked, fullPool, ignored, conflict, proxyUnheeded],
  loader: [declined, tlsFailed, noLoader, missingLoader, brokenOff, otherAddress, unconnected],
  menu: [failedMenu, missingLoader, brokenOff, tlsFailed, otherAddress, refusedLoader],
  kernel: [goneKernel, badFile, brokenOff],
  initrd: [badFile, goneKernel, brokenOff, refusedKernel],
  answer: [answerWhy, badFile, leapt, otherAddress, nothingButHttp],
  script: [scriptWhy, badFile, leapt, otherAddress, nothingButHttp],
  report: [answerWhy, scriptWhy, leapt],
}

/** What follows from silence needs a moment of it: the client may be about to go on. */
const fromSilence: ReadonlySet<Rule> = new Set([
  conflict,
  proxyUnheeded,
  unconnected,
  refusedLoader,
  refusedKernel,
  nothingButHttp,
])
const moment = 3000

export function evidenceFor(step: StepName, facts: Facts): string | undefined {
  const isBusy = facts.now - (facts.events.at(-1)?.at ?? -Infinity) < moment
  for (const rule of rules[step]) {
    const sentence = isBusy && fromSilence.has(rule) ? undefined : rule(facts)
    if (sentence !== undefined) return sentence
  }
  return undefined
}
