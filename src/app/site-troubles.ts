import type { Finding } from '../api/finding.ts'
import type { Problem } from '../config/problem.ts'
import { isError } from '../config/read.ts'
import type { ServerSettings } from '../config/site.ts'

/** Why what runs is not what the site says now: an edit that was refused, and what only a new start brings into force. */
export function siteTroubles(
  problems: readonly Problem[],
  started: ServerSettings,
  now: ServerSettings,
): readonly Finding[] {
  return [...refused(problems.filter(isError)), ...moved(started, now).map(pending)]
}

function refused([first, ...more]: readonly Problem[]): readonly Finding[] {
  if (!first) return []
  const { message, file, line, hint } = first
  const others = more.length === 0 ? '' : `, and ${more.length} more`
  return [
    {
      severity: 'error',
      message: `the site was edited and does not read, so the last good state stays: ${message}${others}`,
      ...(file !== undefined && { file }),
      ...(line !== undefined && { line }),
      ...(hint !== undefined && { hint }),
    },
  ]
}

function pending(key: string): Finding {
  return {
    severity: 'warning',
    message: `${key}: was edited, and is as it was before until the server is started again`,
    file: 'birnam.yaml',
  }
}

/** What is opened once, and should be another now. */
export function moved(before: ServerSettings, after: ServerSettings): readonly string[] {
  const keys = (['http', 'https', 'tftp', 'systemimager'] as const).filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  )
  return [...keys, ...(before.images.registry === after.images.registry ? [] : ['images'])]
}
