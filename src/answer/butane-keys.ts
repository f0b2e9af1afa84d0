/** What a key of a Butane file holds. `since`: the Ignition version that knows it, as `3.4`. */
export type Kind =
  | { readonly is: 'text' | 'number' | 'flag' | 'mode'; readonly since?: number }
  | { readonly is: 'list'; readonly of: Kind; readonly since?: number }
  | { readonly is: 'map'; readonly keys: Keys; readonly since?: number }
  | { readonly is: 'resource'; readonly since?: number }
  /** Butane makes something else of it, or reads a file of the host that it runs on: not converted here, and why. */
  | { readonly is: 'refused'; readonly why: string; readonly since?: number }

export type Keys = Readonly<Record<string, Kind>>

const text: Kind = { is: 'text' }
const number: Kind = { is: 'number' }
const flag: Kind = { is: 'flag' }
const mode: Kind = { is: 'mode' }
const resource: Kind = { is: 'resource' }
const texts: Kind = { is: 'list', of: text }
const list = (keys: Keys): Kind => ({ is: 'list', of: map(keys) })
const map = (keys: Keys): Kind => ({ is: 'map', keys })
const since = (version: number, kind: Kind): Kind => ({ ...kind, since: version })
const refused = (why: string): Kind => ({ is: 'refused', why })

const local = refused('reads a file of the host that butane runs on: write the text here')
const owner = { user: map({ id: number, name: text }), group: map({ id: number, name: text }) }

/** Of a resource: where its bytes come from. */
export const resourceKeys: Keys = {
  source: text,
  inline: text,
  local,
  compression: text,
  http_headers: list({ name: text, value: text }),
  verification: map({ hash: text }),
}

/**
 * The specifications of Butane (fcos 1.0–1.6, flatcar 1.0–1.1), as far as they are Ignition's own under other names
 * (coreos/butane docs/config-fcos-v1_6.md). What is sugar is refused with what to write instead.
 */
export const butaneKeys: Keys = {
  variant: text,
  version: text,
  ignition: map({
    config: map({ merge: { is: 'list', of: resource }, replace: resource }),
    timeouts: map({ http_response_headers: number, http_total: number }),
    security: map({ tls: map({ certificate_authorities: { is: 'list', of: resource } }) }),
    proxy: map({ http_proxy: text, https_proxy: text, no_proxy: texts }),
  }),
  storage: map({
    disks: list({
      device: text,
      wipe_table: flag,
      partitions: list({
        label: text,
        number,
        size_mib: number,
        start_mib: number,
        type_guid: text,
        guid: text,
        wipe_partition_entry: flag,
        should_exist: flag,
        resize: since(3.2, flag),
      }),
    }),
    raid: list({ name: text, level: text, devices: texts, spares: number, options: texts }),
    filesystems: list({
      device: text,
      format: text,
      path: text,
      label: text,
      uuid: text,
      options: texts,
      mount_options: since(3.1, texts),
      wipe_filesystem: flag,
      with_mount_unit: refused('makes a unit: write it under systemd.units'),
    }),
    files: list({
      path: text,
      overwrite: flag,
      contents: resource,
      append: { is: 'list', of: resource },
      mode,
      ...owner,
    }),
    directories: list({ path: text, overwrite: flag, mode, ...owner }),
    links: list({ path: text, target: text, hard: flag, overwrite: flag, ...owner }),
    luks: since(
      3.2,
      list({
        name: text,
        device: text,
        key_file: resource,
        label: text,
        uuid: text,
        options: texts,
        wipe_volume: flag,
        discard: since(3.4, flag),
        open_options: since(3.4, texts),
        clevis: map({
          tang: list({ url: text, thumbprint: text, advertisement: since(3.4, text) }),
          tpm2: flag,
          threshold: number,
          custom: map({ pin: text, config: text, needs_network: flag }),
        }),
      }),
    ),
    trees: local,
  }),
  systemd: map({
    units: list({
      name: text,
      enabled: flag,
      mask: flag,
      contents: text,
      contents_local: local,
      dropins: list({ name: text, contents: text, contents_local: local }),
    }),
  }),
  passwd: map({
    users: list({
      name: text,
      password_hash: text,
      ssh_authorized_keys: texts,
      ssh_authorized_keys_local: local,
      uid: number,
      gecos: text,
      home_dir: text,
      no_create_home: flag,
      primary_group: text,
      groups: texts,
      no_user_group: flag,
      no_log_init: flag,
      shell: text,
      should_exist: since(3.2, flag),
      system: flag,
    }),
    groups: list({ name: text, gid: number, password_hash: text, should_exist: since(3.2, flag), system: flag }),
  }),
  kernel_arguments: since(3.3, map({ should_exist: texts, should_not_exist: texts })),
  boot_device: refused('is made of disks, RAID and LUKS by butane: write those under storage'),
  grub: refused('is made of a file by butane: write /boot/grub2/user.cfg under storage.files'),
}

/** Which Ignition specification a variant's version stands for. */
export const specs: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  fcos: {
    '1.0.0': '3.0.0',
    '1.1.0': '3.1.0',
    '1.2.0': '3.2.0',
    '1.3.0': '3.2.0',
    '1.4.0': '3.3.0',
    '1.5.0': '3.4.0',
    '1.6.0': '3.5.0',
  },
  flatcar: { '1.0.0': '3.3.0', '1.1.0': '3.4.0' },
}

/** `size_mib` is `sizeMiB`. */
export function ignitionKey(key: string): string {
  return key.replaceAll(/_([a-z\d])/g, (_, letter: string) => letter.toUpperCase()).replace(/Mib$/, 'MiB')
}
