# What was made is put in place, and told to the system that is installed on it.

# disks_mount_one DIRECTORY NAME KIND PLACE OPTIONS
disks_mount_one() {
  local node place
  node=$(disks_device "$2") || return 1
  place=${1%/}${4%/}
  mkdir -p "${place:-/}" || return 1
  disks_do "mounting $2 at $4" mount -t "$3" -o "$5" "$node" "${place:-/}"
}

disks_uuid() {
  local node uuid
  node=$(disks_device "$1") || return 1
  uuid=$(blkid -p -s UUID -o value "$node") && [ -n "$uuid" ] && echo "$uuid" && return 0
  disks_fail "$1 ($node) has no UUID" >&2
}

# disks_fstab_line NAME PLACE KIND OPTIONS DUMP PASS
disks_fstab_line() {
  local uuid
  uuid=$(disks_uuid "$1") || return 1
  printf 'UUID=%s\t%s\t%s\t%s\t%s\t%s\n' "$uuid" "$2" "$3" "$4" "$5" "$6"
}

disks_array_line() {
  local node uuid
  node=$(disks_device_raw "$1") || return 1
  uuid=$(mdadm --detail --export "$node" | sed -n 's/^MD_UUID=//p')
  [ -n "$uuid" ] || {
    disks_fail "mdadm tells no UUID of $1" >&2
    return 1
  }
  echo "ARRAY /dev/md/$1 metadata=1.2 UUID=$uuid name=any:$1"
}

# disks_crypt_line NAME OPENED
disks_crypt_line() {
  local node uuid
  node=$(disks_device_raw "$1") || return 1
  uuid=$(blkid -p -s UUID -o value "$node") || return 1
  printf '%s\tUUID=%s\tnone\tluks\n' "$2" "$uuid"
}

# disks_etc ROOT: writes etc/fstab, mdadm.conf and crypttab below it. What an older fstab mounts from elsewhere than a disk stays.
disks_etc() {
  local etc kept
  etc=${1%/}/etc
  mkdir -p "$etc" || return 1
  kept=$(awk '$1 !~ /^(#|UUID=|LABEL=|PARTUUID=|PARTLABEL=|\/dev\/|\/swap)/ && NF > 3' "$etc/fstab" 2>/dev/null)
  disks_fstab >"$etc/fstab.new" || return 1
  [ -z "$kept" ] || printf '%s\n' "$kept" >>"$etc/fstab.new"
  mv "$etc/fstab.new" "$etc/fstab" || return 1
  disks_etc_arrays "$etc" && disks_etc_crypt "$etc"
}

disks_etc_arrays() {
  local file lines
  lines=$(disks_mdadm) || return 1
  file=$1/mdadm.conf
  # Debian's place; others read the other one.
  [ ! -d "$1/mdadm" ] || file=$1/mdadm/mdadm.conf
  # An image may bring the arrays of the machine that it was captured from.
  if [ -e "$file" ] || [ -n "$lines" ]; then printf 'HOMEHOST <system>\nMAILADDR root\n%s\n' "$lines" >"$file"; fi
}

disks_etc_crypt() {
  local lines
  lines=$(disks_crypttab) || return 1
  if [ -e "$1/crypttab" ] || [ -n "$lines" ]; then printf '%s\n' "$lines" >"$1/crypttab"; fi
}
