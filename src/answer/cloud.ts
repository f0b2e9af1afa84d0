import { checkPasswords, readCloudConfig } from './cloud-config.ts'
import { problemsOf, type Family, type Say } from './family.ts'
import { nocloudParts, nocloudWord } from './nocloud.ts'

/** cloud-init's NoCloud, for live systems and cloud images. `version` of the distro is that of cloud-init: `22.4`, `24.1`. */
export const cloud: Family = {
  name: 'cloud-init',
  type: 'text/plain; charset=utf-8',
  installArgs: seed,
  liveArgs: seed,
  parts: nocloudParts,
  check: (text) => problemsOf((say) => checkUserData(text, say)),
}

function seed(...[{ version }, { answer }]: Parameters<Family['installArgs']>): readonly string[] {
  return answer ? [nocloudWord(answer.url, Number(version) < 24)] : []
}

/** Scripts and archives are user-data as well; what is in them is theirs. */
function checkUserData(text: string, say: Say): void {
  if (/^(?:#!|#include|#cloud-config-archive|#cloud-boothook|#part-handler|Content-Type: multipart\/)/.test(text))
    return
  if (/^## template: ?jinja/.test(text)) return
  const read = readCloudConfig(text, say)
  if (read) checkPasswords(read.yaml, read.top, [], say)
}
