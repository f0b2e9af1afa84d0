#!/bin/sh
# Fetches what the mirror is made of into the current directory: $1 is the release, $2 lists more packages, $3 where its archive is.
set -eu
release=$1 wanted=$2 archive=$3
mkdir -p state/lists/partial cache/archives/partial installer modules e2fsprogs
: >empty
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg arch=amd64] $archive $release main" >sources
cat >apt.conf <<CONF
Dir::Etc::sourcelist "$PWD/sources"; Dir::Etc::sourceparts "/nonexistent"; Dir::State "$PWD/state"; Dir::State::status "$PWD/empty";
Dir::Cache "$PWD/cache"; APT::Architecture "amd64"; Acquire::Languages "none"; APT::Sandbox::User "root"; APT::Install-Recommends "false";
CONF
export APT_CONFIG="$PWD/apt.conf"
apt-get -q update
/usr/lib/apt/apt-helper cat-file state/lists/*_Packages* >debs
base=$(awk 'BEGIN { RS = ""; FS = "\n" } { for (i = 1; i <= NF; i++) { if ($i ~ /^Package: /) name = substr($i, 10); if ($i ~ /^Priority: (required|important)$/) print name } }' debs)
# shellcheck disable=SC2086
apt-get -q -y -d install $base $wanted
(cd installer && apt-get -q download debian-installer-13-netboot-amd64 && dpkg-deb -x ./*.deb all)
images=installer/all/usr/lib/debian-installer/images/13/amd64/text/debian-installer/amd64
mv "$images/linux" "$images/initrd.gz" .
rm -r installer
gzip -dc initrd.gz | cpio -i --quiet --to-stdout 'var/lib/dpkg/status' >installed
curl -fsS "$archive/dists/$release/main/debian-installer/binary-amd64/Packages.xz" | xz -dc >udebs

# What is not to be had as a udeb comes out of the .debs of the same source.
for deb in cache/archives/linux-image-[0-9]*.deb; do dpkg-deb -x "$deb" modules; done
for name in e2fsprogs libext2fs2t64 libss2 libcom-err2; do dpkg-deb -x cache/archives/"$name"_*.deb e2fsprogs; done
kernel=$(ls modules/usr/lib/modules 2>/dev/null || ls modules/lib/modules)
echo "$kernel" >kernel
# stand_in NAME VERSION PROVIDES: makes a udeb of the tree of that name.
stand_in() {
  mkdir -p "made/$1/DEBIAN"
  printf 'Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: Birnam <lab@localhost>\nSection: debian-installer\nPriority: standard\n%sDescription: stand-in\n' \
    "$1" "$2" "$3" >"made/$1/DEBIAN/control"
  dpkg-deb -b -Zxz -z1 "made/$1" "made/$1.udeb"
}
tree=made/e2fsprogs-udeb
mkdir -p "$tree/usr/sbin" "$tree/usr/lib/x86_64-linux-gnu" "$tree/etc"
(cd e2fsprogs && cp -a usr/sbin/mke2fs usr/sbin/mkfs.ext* usr/sbin/e2fsck usr/sbin/fsck.ext* usr/sbin/tune2fs usr/sbin/resize2fs usr/sbin/badblocks "../$tree/usr/sbin/")
cp -a e2fsprogs/usr/lib/x86_64-linux-gnu/lib*.so* "$tree/usr/lib/x86_64-linux-gnu/"
cp e2fsprogs/etc/mke2fs.conf "$tree/etc/"
stand_in e2fsprogs-udeb 1:1 ''
# The partitioner depends on it, and nothing here uses it.
stand_in ntfs-3g-udeb 1:1 ''
tree="made/ext4-modules-$kernel-di"
from=$(echo modules/usr/lib/modules modules/lib/modules | tr ' ' '\n' | while read -r one; do [ ! -d "$one" ] || echo "$one"; done)
wanted='virtio_blk ext4 jbd2 mbcache crc16 crc32c_generic dm-mod dm-snapshot dm-mirror dm-log dm-region-hash dm-bufio efivarfs libata ahci libahci sd_mod nls_ascii nls_cp437 vfat fat'
for name in $wanted; do
  (cd "$from" && find "$kernel/kernel" -name "$name.ko*" -o -name "$(echo "$name" | tr _ -).ko*") | while read -r path; do
    mkdir -p "$tree/usr/lib/modules/$(dirname "$path")"
    cp "$from/$path" "$tree/usr/lib/modules/$path"
  done
done
stand_in "ext4-modules-$kernel-di" 1 "Kernel-Version: $kernel
Provides: ext4-modules, ext3-modules, ext2-modules, md-modules, scsi-modules, sata-modules, efi-modules
"
