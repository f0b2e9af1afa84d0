/** Kernel arguments as words: what the installer's family needs, then what the profile says. Blanks separate words. */
export function kernelWords(family: readonly string[], rendered: string): readonly string[] {
  return [...family, ...rendered.split(/\s+/).filter((word) => word !== '')]
}
