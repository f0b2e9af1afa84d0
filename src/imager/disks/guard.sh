# Nothing is wiped that somebody may want back: an empty disk, one that this machine reported at its last install, or one that the
# permit names. EXPECTED_DISKS holds those names, apart by blanks; the word any stands for all of them.

disks_expected() {
  local name
  case " $(echo "${EXPECTED_DISKS:-}" | tr '\n\t' '  ') " in
    *' any '*) return 0 ;;
  esac
  for name in $(disks_names "$1"); do
    case " $(echo "${EXPECTED_DISKS:-}" | tr '\n\t' '  ') " in
      *" $name "*) return 0 ;;
    esac
  done
  return 1
}

# What is on a disk, a line for each thing that was found; nothing for an empty one.
disks_contents() {
  local part
  disks_signatures "$1"
  for part in $(disks_parts "$1"); do
    echo "partition $part $(disks_signatures "$part" | tr '\n' ' ')"
  done
}

disks_signatures() {
  # wipefs knows every signature there, blkid only the strongest one, but its name and label.
  {
    wipefs -n -p "$1" 2>/dev/null | grep -v '^#' | awk -F, 'NF > 3 { print $4 ($3 == "" ? "" : " \"" $3 "\"") }'
    blkid -p -o export "$1" 2>/dev/null | sed -n 's/^TYPE=//p; s/^PTTYPE=//p'
  } | tr -c 'A-Za-z0-9 ."_\n-' '?' | sort -u | awk '{ if (!($1 in seen)) print; seen[$1] = 1 }'
}

disks_parts() {
  local entry
  for entry in "/sys/class/block/${1#/dev/}"/*/partition; do
    [ -e "$entry" ] && entry=${entry%/partition} && echo "/dev/${entry##*/}"
  done
}

# Mounted, or in use as swap: then this is no machine that is being installed.
disks_busy() {
  local node
  for node in "$1" $(disks_parts "$1"); do
    awk -v node="$node" '$1 == node { print $1 " is mounted at " $2; exit }' /proc/mounts
    awk -v node="$node" '$1 == node { print $1 " is swap"; exit }' /proc/swaps 2>/dev/null
  done
}

# Says what it thinks of each disk that the layout took; fails when one of them must not be wiped.
disks_guard() {
  local node busy contents wrong
  wrong=
  disks_chosen || return 1
  for node in $disks_used; do
    busy=$(disks_busy "$node")
    contents=$(disks_contents "$node")
    if [ ! -b "$node" ]; then
      wrong="$wrong $node"
      say "disks: $node is not there"
    elif [ -n "$busy" ]; then
      wrong="$wrong $node"
      say "disks: $busy"
    elif [ -z "$contents" ]; then
      say "disks: $node is empty"
    elif disks_expected "$node"; then
      say "disks: $node is known and will be wiped ($(disks_identity "$node"))"
    else
      wrong="$wrong $node"
      disks_refuse "$node" "$contents"
    fi
  done
  disks_passed=$disks_used
  [ -z "$wrong" ] || {
    disks_passed=''
    disks_fail "nothing was written, because of:$wrong"
  }
}

# Nobody writes without having asked.
disks_guarded() {
  disks_chosen || return 1
  [ "$disks_passed" = "$disks_used" ] || disks_guard
}

disks_refuse() {
  local line
  say "disks: $1 holds data and is not a disk that this machine is known to have:"
  while read -r line; do
    say "disks:   $line"
  done <<EOT
$2
EOT
  say "disks:   its names: $(disks_names "$1" | tr '\n' ' ')"
  say "disks:   if it may be wiped, name one of them in the permit"
}
