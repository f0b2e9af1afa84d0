/**
 * A name is read word by word, so `keyboard` and `compass` hide nothing: `root_pw`, `rootpw` and `rootPw` are a password's, `private_key` and
 * `apikey` a key's that is not public.
 */
const secretWord =
  /^(?:\w*pass(?:(?:word|wd|phrase|code)s?)?|\w*pwd?|\w*(?:secret|token|credential)s?|\w*creds?|hash(?:es)?|psk|pin|private|luks\d?)$/
const harmlessWord = /^(?:com|encom|by|tres|sur|under|over)pass$/
const secretKey =
  /(?:^|_)(?:(?:registration|activation)_codes?|(?:private|priv|api|product|license|access|secret|encryption|disk|master|shared|signing|recovery|auth|join|wifi|wpa|unlock|luks\d?)_?(?:keys?|pem))$/
/** Facts about a secret thing that tell nothing of it. */
const aboutIt =
  /(?:^|_)(?:(?:luks\d?|private)_(?:device|name|label|uuid|version|cipher|network|subnet|address|ip|interface|dns)|pass(?:word)?_(?:min|max)\w*)$/
/** In a map of secrets, what is none. */
const whose = /^(?:user(?:name)?|name|login|id|type|device|url|host)$/i
/** No name that a person gives is longer. */
const longest = 200

/** Whether what has this name is a secret. */
export function isSecretName(name: string): boolean {
  const words = name
    .slice(-longest)
    .replaceAll(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[^a-z\d]+/g, '_')
  if (aboutIt.test(words)) return false
  return secretKey.test(words) || words.split('_').some((word) => secretWord.test(word) && !harmlessWord.test(word))
}

/** Whether a value is a secret: by its own name, or because it stands in a map of them and does not only say whose they are. */
export function isSecretKey(name: string, inSecret: boolean): boolean {
  return isSecretName(name) || (inSecret && !whose.test(name))
}
