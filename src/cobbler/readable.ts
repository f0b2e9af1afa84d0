import { Complaint } from '../template/complaint.ts'
import { readProgram } from '../template/program.ts'

/** Why a new template would not be read, for instance because it is too large; undefined when it would. */
export function faultOf(text: string, path: string): string | undefined {
  try {
    readProgram(text, path)
    return undefined
  } catch (error) {
    if (error instanceof Complaint) return error.message
    throw error
  }
}
