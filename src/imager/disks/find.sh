# Which disks this machine has, and which of them the layout means. Facts come from sysfs, so nothing here needs udev.

# shellcheck shell=sh disable=SC2002,SC2015,SC2034,SC2154,SC3043 # ash has local; the parts share their names

command -v say >/dev/null 2>&1 || say() { echo "$*" >&2; }

# Without udev nobody would answer device mapper.
[ -e /run/udev/control ] || export DM_DISABLE_UDEV=1

disks_tab=$(printf '\t')
disks_all='' disks_used='' disks_passed=''

disks_fail() {
  say "disks: $*"
  return 1
}

# One word, so that it can stand in a list: blanks inside are underscores, and so is whatever else could be taken for something.
disks_word() {
  tr -d '\000' | tr '\n\t' '  ' | sed 's/^ *//; s/ *$//; s/[^A-Za-z0-9._:+=-]/_/g' | cut -c 1-128
}

disks_read() {
  # What a driver refuses to tell is empty; redirection alone would end with an error.
  cat "$1" 2>/dev/null | disks_word
}

# What firmware writes where its maker left the serial number out.
disks_serial() {
  local serial
  case $1 in
    nvme* | mmcblk*) serial=$(disks_read "/sys/block/$1/device/serial") ;;
    vd*) serial=$(disks_read "/sys/block/$1/serial") ;;
    # Page 80h: four bytes, then the text.
    *) serial=$(tail -c +5 "/sys/block/$1/device/vpd_pg80" 2>/dev/null | disks_word) ;;
  esac
  case $serial in
    '' | *[!0_.-]*) ;;
    *) serial= ;;
  esac
  case $serial in
    [Nn]one | [Uu]nknown | N_A) serial= ;;
  esac
  echo "$serial"
}

disks_wwn() {
  local wwn
  wwn=$(disks_read "/sys/block/$1/wwid")
  [ -n "$wwn" ] || wwn=$(disks_read "/sys/block/$1/device/wwid")
  # t10 is made of the model and the serial number; it names no disk of its own.
  case $wwn in
    t10.*) wwn= ;;
  esac
  echo "$wwn"
}

# The disk's place in the machine.
disks_bus() {
  case $1 in
    nvme*) echo nvme ;;
    vd*) echo virtio ;;
    xvd*) echo xen ;;
    mmcblk*) [ "$(disks_read "/sys/block/$1/device/type")" = MMC ] && echo mmc || echo card ;;
    *)
      case $2 in
        */usb[0-9]*) echo usb ;;
        */ata[0-9]*) echo sata ;;
        *) echo scsi ;;
      esac
      ;;
  esac
}

# Names as below /dev/disk/by-path. Without udev they are made the same way for the common buses, from the place in sysfs.
disks_paths() {
  local link paths pci host
  paths=
  for link in /dev/disk/by-path/*; do
    [ "$(readlink -f "$link")" = "/dev/$1" ] && paths="$paths ${link##*/}"
  done
  pci=$(echo "$2" | grep -o '[0-9a-f]\{4\}:[0-9a-f]\{2\}:[0-9a-f]\{2\}\.[0-9a-f]' | tail -n 1)
  host=$(echo "$2" | sed -n 's#.*/\([0-9]*:[0-9]*:[0-9]*:[0-9]*\)/block/.*#\1#p')
  if [ -n "$pci" ]; then
    case $1 in
      nvme*) paths="$paths pci-$pci-nvme-${1##*n}" ;;
      vd*) paths="$paths pci-$pci virtio-pci-$pci" ;;
      sd*)
        case $2 in
          */ata[0-9]*) paths="$paths pci-$pci-ata-$(disks_port "$2")" ;;
          *) paths="$paths pci-$pci-scsi-0:${host#*:}" ;;
        esac
        ;;
    esac
  fi
  case $1 in
    xvd*) paths="$paths xen-$(echo "$2" | grep -o 'vbd-[0-9]*' | tail -n 1)" ;;
  esac
  echo "${paths# }"
}

# The port as it is counted on its controller, not over all of them.
disks_port() {
  local ata port
  ata=$(echo "$1" | grep -o '/ata[0-9]*/' | tr -d /)
  port=$(cat "/sys/class/ata_port/$ata/port_no" 2>/dev/null)
  echo "${port:-${ata#ata}}"
}

# node, MiB, bus, serial number, WWN, model, paths: one line for each disk that could be written, a dash where nothing is known.
disks_facts() {
  local block name place sectors mib
  for block in /sys/block/*; do
    name=${block##*/}
    case $name in
      sd* | vd* | xvd* | nvme* | mmcblk* | hd*) ;;
      *) continue ;;
    esac
    case $name in
      mmcblk*boot* | mmcblk*rpmb* | mmcblk*gp[0-9]) continue ;;
    esac
    [ "$(cat "$block/hidden" 2>/dev/null)" = 1 ] && continue
    [ "$(cat "$block/ro" 2>/dev/null)" = 1 ] && continue
    read -r sectors <"$block/size" || continue
    mib=$((sectors / 2048))
    [ "$mib" -gt 0 ] || continue
    place=$(readlink -f "$block")
    disks_row "/dev/$name" "$mib" "$(disks_bus "$name" "$place")" "$(disks_serial "$name")" "$(disks_wwn "$name")" \
      "$(disks_read "$block/device/model")" "$(disks_paths "$name" "$place")"
  done
}

disks_row() {
  local each row
  row=
  for each in "$@"; do row="$row$disks_tab${each:--}"; done
  echo "${row#"$disks_tab"}"
}

# For a report: what all the disks are, as people read it.
disks_list() {
  disks_known
  [ -n "$disks_all" ] || say "disks: this machine has no disk that can be written (is its driver loaded?)"
  while IFS=$disks_tab read -r f_node f_mib f_bus f_serial f_wwn f_model f_paths; do
    [ -z "$f_node" ] || say "disks: $f_node $f_mib MiB, $f_bus, model $f_model, serial $f_serial, wwn $f_wwn, path $f_paths"
  done <<EOT
$disks_all
EOT
}

disks_known() {
  [ -n "$disks_all" ] || disks_all=$(disks_facts)
}

# Is the first word one of the others, which may be patterns?
disks_in() {
  local word pattern
  word=$1
  shift
  for pattern in "$@"; do
    # shellcheck disable=SC2254 # a pattern is meant
    case $word in $pattern) return 0 ;; esac
  done
  return 1
}

# The same for any of the blank-separated words.
disks_any() {
  local words word
  words=$1
  shift
  for word in $words; do
    disks_in "$word" "$@" && return 0
  done
  return 1
}

# Makers round: one percent to either side.
disks_about() {
  [ $(($1 * 100)) -ge $(($2 * 99)) ] && [ $(($1 * 100)) -le $(($2 * 101)) ]
}

# disks_pick NAME TEST COUNT all|smallest|largest: sets disks_picked to the nodes. Disks that were picked before do not come into question.
disks_pick() {
  local name test count choose fits found
  name=$1 test=$2 count=$3 choose=$4 fits='' disks_picked=''
  disks_known
  while IFS=$disks_tab read -r f_node f_mib f_bus f_serial f_wwn f_model f_paths; do
    [ -n "$f_node" ] || continue
    case " $disks_used " in *" $f_node "*) continue ;; esac
    "$test" && fits="$fits$f_mib $f_node
"
  done <<EOT
$disks_all
EOT
  found=$(printf %s "$fits" | grep -c .)
  if [ "$found" -lt "$count" ]; then
    disks_list
    disks_fail "$name: the layout needs $count, and $found of them fit it"
    return 1
  fi
  case $choose in
    smallest) fits=$(printf %s "$fits" | sort -n) ;;
    largest) fits=$(printf %s "$fits" | sort -rn) ;;
  esac
  if [ "$found" -gt "$count" ] && disks_tie "$fits" "$count" "$choose"; then
    disks_list
    disks_fail "$name: $found disks fit and the layout wants $count; it must say which (serial, wwn, path, size, bus or model):" \
      "$(printf '%s\n' "$fits" | sed 's/^[0-9]* //' | tr '\n' ' ')"
    return 1
  fi
  disks_picked=$(printf '%s\n' "$fits" | head -n "$count" | sed 's/^[0-9]* //' | tr '\n' ' ')
  disks_used="$disks_used $disks_picked"
}

# By size there is an answer unless the last that is taken is as large as the first that is not.
disks_tie() {
  [ "$3" = all ] && return 0
  [ "$(printf '%s\n' "$1" | sed -n "$2s/ .*//p")" = "$(printf '%s\n' "$1" | sed -n "$(($2 + 1))s/ .*//p")" ]
}

# disks_nth N WORDS
disks_nth() {
  shift "$1"
  echo "$1"
}

# All that a disk can be called in a permit or in what the machine reported last: one word each.
disks_names() {
  local table
  disks_known
  while IFS=$disks_tab read -r f_node f_mib f_bus f_serial f_wwn f_model f_paths; do
    [ "$f_node" = "$1" ] || continue
    [ "$f_serial" = - ] || echo "serial:$f_serial"
    [ "$f_wwn" = - ] || echo "wwn:$f_wwn"
    table=$(blkid -p -s PTUUID -o value "$1" 2>/dev/null)
    [ -z "$table" ] || echo "table:$table"
    for table in $f_paths; do
      [ "$table" = - ] || echo "path:$table"
    done
  done <<EOT
$disks_all
EOT
}

# By what the machine itself reports a disk: never by its place, since another disk may be there tomorrow.
disks_identity() {
  disks_names "$1" | grep -v '^path:' | head -n 1
}

# One line for each disk that the layout took: for the report at the end.
disks_identities() {
  local node
  disks_chosen || return 1
  for node in $disks_used; do disks_identity "$node"; done
}
