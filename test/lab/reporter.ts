import { writeFileSync } from 'node:fs'
import type { Reporter, SerializedError, TestCase, TestModule, Vitest } from 'vitest/node'

export interface Counts {
  passed: number
  failed: number
  skipped: number
}

/**
 * Stands beside vitest's own reporter: tells every long test as soon as it ends, then what was skipped (the reason is in the
 * title), and leaves the counts in the file that BIRNAM_TEST_COUNTS names.
 */
export class LabReporter implements Reporter {
  #selected = false

  onInit(vitest: Vitest): void {
    // With -t everything else counts as skipped; nobody wants that list.
    this.#selected = vitest.config.testNamePattern !== undefined
  }

  onTestCaseResult(test: TestCase): void {
    const seconds = (test.diagnostic()?.duration ?? 0) / 1000
    if (seconds > 5) console.log(`   … ${test.result().state} after ${seconds.toFixed(0)} s: ${test.name}`)
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const skipped = tests.filter((test) => test.result().state === 'skipped')
    if (!this.#selected)
      for (const { module, name } of skipped) console.log(`skipped: ${module.relativeModuleId}: ${name}`)
    const broken = modules.filter(
      (module) => module.state() === 'failed' && [...module.children.allTests('failed')].length === 0,
    )
    const counts: Counts = {
      passed: tests.filter((test) => test.result().state === 'passed').length,
      failed: tests.filter((test) => test.result().state === 'failed').length + broken.length + errors.length,
      skipped: skipped.length,
    }
    const file = process.env['BIRNAM_TEST_COUNTS']
    if (file !== undefined) writeFileSync(file, JSON.stringify(counts))
  }
}
