#!/bin/busybox sh
# The lab's guest, pid 1 of its initrd. What to do stands on the kernel's command line:
#   probe=URL     fetch it and print it between markers
#   report=URL    post started, progress and done there
#   install=URL   write that gzipped disk image to the first disk, and the probe's answer into its gap
#   fail=WORD     report failed instead of done
#   after=reboot  how to end (poweroff when not given)
/bin/busybox --install -s /bin
export PATH=/bin
mkdir -p /proc /sys /dev /tmp
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
# The kernel's own messages must not come between the markers.
dmesg -n 1
echo "LAB-UP $(uname -r)"
for module in $(cat /modules/order); do insmod "/modules/$module"; done
after=poweroff
for word in $(cat /proc/cmdline); do
  case $word in
    probe=*) probe=${word#probe=} ;;
    report=*) report=${word#report=} ;;
    install=*) install=${word#install=} ;;
    fail=*) fail=${word#fail=} ;;
    after=*) after=${word#after=} ;;
    ondisk=1) ondisk=1 ;;
  esac
done
# Linux's own line about what it was given is in the log, but a probe wants it whole and on one line.
echo "LAB-CMDLINE $(cat /proc/cmdline)"

finish() {
  echo LAB-DONE
  sync
  "$after" -f
  sleep 1000
}

tell() {
  [ -z "$report" ] || wget -q -O /tmp/said --post-data "$1" "$report" || echo "LAB-REPORT-REFUSED $1"
}

# Sector 1536 lies between GRUB's core and the first partition.
if [ -n "$ondisk" ]; then
  echo LAB-DISK-BOOT
  echo LAB-DISK-ANSWER-BEGIN
  dd if=/dev/vda bs=512 skip=1536 count=16 2>/dev/null | tr -d '\000'
  echo LAB-DISK-ANSWER-END
  finish
fi

ip link set lo up
tries=0
while [ ! -e /sys/class/net/eth0 ] && [ $tries -lt 50 ]; do
  tries=$((tries + 1))
  usleep 100000
done
ip link set eth0 up
udhcpc -i eth0 -n -q -t 10 -T 2 -O hostname -s /bin/lease || echo LAB-NO-LEASE

tell kind=started
if [ -n "$probe" ]; then
  wget -O /tmp/answer "$probe" 2>/tmp/refusal || sed 's/^/LAB-ANSWER-REFUSED /' /tmp/refusal
  echo LAB-ANSWER-BEGIN
  cat /tmp/answer
  echo
  echo LAB-ANSWER-END
fi
if [ -n "$fail" ]; then
  tell "kind=failed&why=$fail"
  finish
fi
if [ -n "$install" ]; then
  tell 'kind=progress&step=disk&percent=10'
  wget -q -O - "$install" | gunzip | dd of=/dev/vda bs=64k 2>/dev/null && echo LAB-DISK-WRITTEN
  dd if=/tmp/answer of=/dev/vda bs=512 seek=1536 conv=notrunc 2>/dev/null
  sync
fi
tell kind=done
finish
