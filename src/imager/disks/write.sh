# Makes what the layout says. Every step tells itself; the first that fails says why and ends it.

# disks_do SENTENCE COMMAND ARGUMENTS…
disks_do() {
  local sentence output
  sentence=$1
  shift
  say "disks: $sentence"
  output=$("$@" 2>&1 </dev/null) && return 0
  disks_fail "$sentence failed: $* said: $(echo "$output" | head -n 5 | tr '\n' ' ')"
}

# Whatever an older system built on the disk is taken apart: nothing is written to it, and nothing above other disks alone is touched.
disks_release() {
  local node holder
  for node in $(disks_parts "$1") "$1"; do
    for holder in "/sys/class/block/${node#/dev/}"/holders/*; do
      [ -e "$holder" ] && { disks_stop "${holder##*/}" || return 1; }
    done
  done
  return 0
}

disks_stop() {
  local holder name
  for holder in "/sys/class/block/$1"/holders/*; do
    [ -e "$holder" ] && { disks_stop "${holder##*/}" || return 1; }
  done
  # It went when what was above it went.
  [ -e "/sys/class/block/$1" ] || return 0
  case $1 in
    md*)
      for holder in $(disks_parts "/dev/$1"); do disks_release "$holder" || return 1; done
      disks_do "stopping the old RAID $1" mdadm --stop "/dev/$1"
      ;;
    dm-*)
      name=$(cat "/sys/class/block/$1/dm/name")
      disks_do "closing the old volume $name" dmsetup remove --retry "$name" || return 1
      disks_unlink "$name"
      ;;
    *) disks_fail "$1 uses the disk, and cannot be stopped" ;;
  esac
}

# LVM refuses a volume group whose directory is left over.
disks_unlink() {
  local link
  for link in /dev/*/*; do
    [ -L "$link" ] && [ ! -e "$link" ] || continue
    case $(readlink "$link") in
      */"$1") rm -f "$link" && rmdir "${link%/*}" 2>/dev/null ;;
    esac
  done
  return 0
}

# Signatures of the partitions first: a RAID's or LVM's would come to life again where a new partition begins at the same place.
disks_clear() {
  local part
  for part in $(disks_parts "$1"); do
    disks_do "wiping $part" wipefs -a -f "$part" || return 1
  done
  disks_do "wiping $1" wipefs -a -f "$1" || return 1
  dd if=/dev/zero of="$1" bs=1048576 count=1 conv=fsync,notrunc 2>/dev/null
}

disks_mib() {
  local sectors
  read -r sectors <"/sys/class/block/${1#/dev/}/size" && echo $((sectors / 2048))
}

# How much of a disk its table can reach: 32 bits of sectors in an MBR.
disks_usable() {
  local whole reach
  whole=$(disks_mib "$2")
  reach=$((4096 * $(cat "/sys/class/block/${2#/dev/}/queue/logical_block_size")))
  if [ "$1" = mbr ] && [ "$whole" -gt "$reach" ]; then whole=$reach; fi
  echo "$whole"
}

# disks_enough gpt|mbr NODE ROWS: asked for before anything is wiped.
disks_enough() {
  local needed
  needed=$("$3" | disks_script "$1" "$(disks_usable "$1" "$2")") ||
    disks_fail "$2 has $(disks_usable "$1" "$2") MiB; the layout needs $needed MiB"
}

# disks_table gpt|mbr NODE ROWS. ROWS prints the partitions: SIZE TYPE NAME FLAG. SIZE is MiB, a percentage of the disk, or rest.
# Everything begins at a whole MiB, which suits any sector size, and the last MiB stays for the second table.
disks_table() {
  local script said
  script=$("$3" | disks_script "$1" "$(disks_usable "$1" "$2")") || return 1
  say "disks: partitioning $2 ($1, $(disks_mib "$2") MiB)"
  said=$(printf '%s\n' "$script" |
    sfdisk -q --no-reread --no-tell-kernel --wipe always --wipe-partitions always "$2" 2>&1) || {
    disks_fail "sfdisk said of $2: $(echo "$said" | tail -n 5 | tr '\n' ' ')"
    return 1
  }
  disks_reread "$2"
}

# The script for sfdisk. Fails when the disk is too small, and prints how much it would need.
disks_script() {
  awk -v kind="$1" -v whole="$2" '
    { size[NR] = $1; type[NR] = $2; name[NR] = $3; flag[NR] = $4 }
    END {
      usable = whole - 2
      for (i = 1; i <= NR; i++) {
        if (size[i] == "rest") { growing = i; size[i] = 0 }
        else if (size[i] ~ /%$/) { sub(/%/, "", size[i]); size[i] = int(usable * size[i] / 100); if (size[i] < 1) size[i] = 1 }
        used += size[i]
      }
      if (growing) { size[growing] = usable - used; if (size[growing] < 1) { print used + 3; exit 1 } }
      else if (used > usable) { print used + 2; exit 1 }
      print "label: " (kind == "mbr" ? "dos" : "gpt")
      start = 1
      for (i = 1; i <= NR; i++) {
        line = sprintf("start=%.0fMiB, size=%.0fMiB, type=%s", start, size[i], type[i])
        if (kind == "gpt") line = line sprintf(", name=\"%s\"", name[i])
        if (flag[i] == "active") line = line ", bootable"
        print line
        start += size[i]
      }
    }'
}

# The kernel reads the new table: whoever still looks at the disk may make it wait.
disks_reread() {
  local try
  for try in 1 2 3 4 5 6 7 8 9 10; do
    blockdev --rereadpt "$1" 2>/dev/null && return 0
    sleep 1
  done
  disks_fail "the kernel does not read the new partition table of $1 (tried $try times)"
}

# disks_part NODE NUMBER: the partition's node; made here when nobody else makes nodes.
disks_part() {
  local entry try
  for try in 1 2 3 4 5 6 7 8 9 10; do
    for entry in "/sys/class/block/${1#/dev/}"/*/partition; do
      [ -e "$entry" ] && [ "$(cat "$entry")" = "$2" ] || continue
      entry=${entry%/partition}
      disks_node "$entry" && return 0
    done
    [ "$try" = 10 ] || sleep 1
  done
  disks_fail "$1 has no partition $2" >&2
}

disks_node() {
  local node device
  node=/dev/${1##*/}
  if [ ! -b "$node" ]; then
    device=$(cat "$1/dev") && mknod "$node" b "${device%:*}" "${device#*:}" 2>/dev/null
  fi
  [ -b "$node" ] && echo "$node"
}

# An array by one of its members: its number may change from one start to the next.
disks_array() {
  local slave
  for slave in /sys/block/md*/slaves/"${1#/dev/}"; do
    [ -e "$slave" ] || continue
    slave=${slave%/slaves/*}
    disks_node "$slave" && return 0
  done
  disks_fail "no RAID has the member $1" >&2
}

disks_free_array() {
  local number
  number=0
  while [ -e "/sys/block/md$number" ]; do number=$((number + 1)); done
  echo "/dev/md$number"
}

# disks_raid NAME LEVEL SPARES CHUNK MEMBERS…
disks_raid() {
  local name level spares chunk member nodes node active
  name=$1 level=$2 spares=$3 chunk=$4 nodes=
  shift 4
  active=$(($# - spares))
  for member in "$@"; do
    node=$(disks_device "$member") || return 1
    mdadm --zero-superblock --force "$node" >/dev/null 2>&1
    nodes="$nodes $node"
  done
  node=$(disks_free_array)
  set -- --create "$node" --run --metadata=1.2 --homehost=any --name="$name" --level="$level" --raid-devices="$active"
  [ "$spares" = 0 ] || set -- "$@" --spare-devices="$spares"
  [ "$chunk" = - ] || set -- "$@" --chunk="$chunk"
  # Asked for by name, because newer mdadm would ask a person.
  [ "$level" = 0 ] || set -- "$@" --bitmap=internal
  # shellcheck disable=SC2086 # a list of nodes
  disks_do "making the RAID $name (level $level) of$nodes" mdadm "$@" $nodes
}

disks_lvm() {
  lvm "$@" --config 'backup { backup = 0 archive = 0 }'
}

# disks_group NAME MEMBERS…
disks_group() {
  local name member nodes node
  name=$1 nodes=
  shift
  for member in "$@"; do
    node=$(disks_device "$member") || return 1
    disks_do "making $node a physical volume" disks_lvm pvcreate -ff -y "$node" || return 1
    nodes="$nodes $node"
  done
  # shellcheck disable=SC2086 # a list of nodes
  disks_do "making the volume group $name of$nodes" disks_lvm vgcreate -y "$name" $nodes
}

# disks_volume GROUP NAME -L|-l SIZE
disks_volume() {
  disks_do "making the volume $1/$2" disks_lvm lvcreate -y -W y -n "$2" "$3" "$4" "$1"
}

# Asked for before anything is wiped.
disks_need_secret() {
  eval "[ -n \"\${DISK_SECRET_$1:-}\" ]" || disks_fail "the layout encrypts, and the permit brought no secret $1"
}

# disks_encrypt NAME OPENED SECRET. The secret stands in the environment and goes through a pipe: never in a file, an argument or a message.
disks_encrypt() {
  local node secret
  node=$(disks_device_raw "$1") || return 1
  eval "secret=\${DISK_SECRET_$3:-}"
  say "disks: encrypting $1 ($node)"
  printf %s "$secret" | cryptsetup luksFormat -q --type luks2 --key-file - "$node" >/tmp/disks-luks.$$ 2>&1 &&
    printf %s "$secret" | cryptsetup open --type luks --key-file - "$node" "$2" >>/tmp/disks-luks.$$ 2>&1 || {
    disks_fail "encrypting $1 failed: $(tail -n 5 /tmp/disks-luks.$$ | tr '\n' ' ')"
    rm -f /tmp/disks-luks.$$
    return 1
  }
  rm -f /tmp/disks-luks.$$
}

# disks_mkfs NAME KIND LABEL OPTIONS…
disks_mkfs() {
  local name kind label node
  name=$1 kind=$2 label=$3
  shift 3
  node=$(disks_device "$name") || return 1
  wipefs -a -f "$node" >/dev/null 2>&1
  [ -z "$label" ] || case $kind in
    vfat) set -- -n "$label" "$@" ;;
    *) set -- -L "$label" "$@" ;;
  esac
  case $kind in
    ext4) set -- mkfs.ext4 -q -F "$@" ;;
    xfs | btrfs) set -- "mkfs.$kind" -q -f "$@" ;;
    vfat) set -- mkfs.vfat "$@" ;;
    swap) set -- mkswap "$@" ;;
  esac
  disks_do "making $kind on $name ($node)" "$@" "$node"
}
