#!/bin/busybox sh
# udhcpc's script in the lab's guest: takes the address and says what it was given.
[ "$1" = bound ] || exit 0
ip address add "$ip/$mask" dev "$interface"
[ -z "$router" ] || ip route add default via "${router%% *}"
echo "LAB-LEASE ip=$ip siaddr=$siaddr file=$boot_file hostname=$hostname dns=$dns router=$router lease=$lease"
