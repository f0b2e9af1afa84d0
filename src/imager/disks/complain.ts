import type { Path } from '../../config/problem.ts'

/** Takes what is wrong with a layout, at a key of it. */
export type Complain = (path: Path, message: string, hint: string) => void
