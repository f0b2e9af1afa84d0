#!/bin/sh
# The imager's first process: drivers, an address, and then the script that the server has for this machine, and for no other.
# On the kernel's line: BOOTIF=01-aa-bb-… the card; birnam.script=URL the script; imager.break=STEP[,STEP] a shell before these steps
# (start: before the script is fetched).
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
export OPENSSL_CONF=/dev/null
/bin/busybox mkdir -p /proc /sys /dev /run /tmp /etc /var/log
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t tmpfs -o mode=755 run /run
/bin/busybox mkdir -p /dev/pts /run/imager
/bin/busybox mount -t devpts pts /dev/pts
# The real tools are there already, and win.
/bin/busybox --install -s /bin 2>/dev/null

for word in $(cat /proc/cmdline); do
  case $word in
    BOOTIF=*) bootif=$(echo "${word#BOOTIF=01-}" | tr 'A-Z-' 'a-z:') ;;
    birnam.script=*) SCRIPT_URL=${word#birnam.script=} ;;
    imager.break=*) IMAGER_BREAK=${word#imager.break=} ;;
  esac
done
export SCRIPT_URL IMAGER_BREAK
export REPORT_URL="${SCRIPT_URL%/i/*}/r/${SCRIPT_URL##*/i/}"
. /lib/imager.sh

# What the kernel has found asks for its drivers by these names; what they bring to light asks again.
load_drivers() {
  local before after
  before=
  for _ in 1 2 3 4; do
    after=$(find /sys/devices -name modalias -exec cat {} + 2>/dev/null | sort -u)
    [ "$after" != "$before" ] || break
    # shellcheck disable=SC2086 # a list of names
    modprobe -a -b -q $after 2>/dev/null
    before=$after
  done
  modprobe -a -q sd_mod sr_mod dm_mod ext4 vfat nls_cp437 nls_ascii nls_iso8859_1 nls_utf8 efivarfs 2>/dev/null
  [ ! -d /sys/firmware/efi ] || mount -t efivarfs efivars /sys/firmware/efi/efivars 2>/dev/null
}

card_named() {
  local card
  for card in /sys/class/net/*; do
    [ "$(cat "$card/address" 2>/dev/null)" = "$1" ] && echo "${card##*/}" && return 0
  done
  return 1
}

# Switches take their time until a port forwards (spanning tree: 30 s and more).
get_address() {
  local card
  for _ in $(seq 1 60); do
    if [ -n "$bootif" ]; then card=$(card_named "$bootif"); else card=$(first_card); fi
    [ -z "$card" ] || break
    sleep 1
    load_drivers
  done
  [ -n "$card" ] || { say "no network card ${bootif:-at all}: is its driver in this imager? $(ls /sys/class/net | tr '\n' ' ')"; return 1; }
  ip link set lo up
  ip link set "$card" up
  export IMAGER_CARD="$card"
  for _ in $(seq 1 20); do
    udhcpc -i "$card" -n -q -t 5 -T 3 -O hostname -s /lib/lease.sh >/dev/null 2>&1 && return 0
    say "no address on $card yet"
  done
  return 1
}

first_card() {
  local card
  for card in /sys/class/net/*; do
    [ -e "$card/device" ] && echo "${card##*/}" && return 0
  done
  return 1
}

# A server that is restarted, or a rack that asks all at once: it is waited for, and said so.
get_script() {
  local code wait
  wait=2
  for _ in $(seq 1 60); do
    code=$(ask "$SCRIPT_URL" -sS --connect-timeout 10 --max-time 120 -o /run/imager/script.sh -w '%{http_code}' 2>/run/imager/curl)
    case $code in
      200) return 0 ;;
      000 | 429 | 5?2 | 5?3 | 5?4) say "the server does not answer yet: $(tail -n 1 /run/imager/curl)" ;;
      *)
        say "the server gives no install script ($code): $(head -c 500 /run/imager/script.sh)"
        return 1
        ;;
    esac
    sleep $wait
    [ $wait -ge 15 ] || wait=$((wait * 2))
  done
  return 1
}

# A person at any console finds a shell, and nothing goes on without him.
give_up() {
  say "$1"
  say 'nothing more is done here; the log is /run/imager/log'
  for console in $(cat /sys/class/tty/console/active); do
    [ -c "/dev/$console" ] || continue
    (while :; do setsid cttyhack sh <"/dev/$console" >"/dev/$console" 2>&1; sleep 1; done) &
  done
  while :; do sleep 3600; done
}

say "imager on Linux $(uname -r)"
load_drivers
[ -n "$SCRIPT_URL" ] || give_up 'the kernel line names no birnam.script'
get_address || give_up 'no address: check the cable, the switch port and the DHCP server'
imager_break start
get_script || give_up 'no install script: birnam trace tells why'
{ sh /run/imager/script.sh; echo $? >/run/imager/status; } 2>&1 | tee -a /run/imager/log
[ -e /run/imager/reported ] || fail "the install script ended with $(cat /run/imager/status)"
give_up 'the install did not come to its end'
