import type { OldFiles } from '../place.ts'

/** A TFTP root as it grew over the years. */
export const tftp: OldFiles = {
  'tftp/pxelinux.0': 'loader',
  'tftp/rescue/vmlinuz': 'rescue kernel',
  'tftp/rescue/initrd.img': 'rescue initrd',
  'tftp/rocky9/vmlinuz': 'rocky kernel',
  'tftp/rocky9/initrd.img': 'rocky initrd',
  'tftp/debian12/linux': 'debian kernel',
  'tftp/debian12/initrd.gz': 'debian initrd',
  'tftp/tools/memtest': 'memtest',
  'tftp/ks/web.ks': `text\nreboot\nrootpw --iscrypted $6$abc$def\nclearpart --all\nautopart\n%post\necho '{{ jinja }}' > /x\n%end\n`,
  'tftp/pxelinux.cfg/default': `UI vesamenu.c32
MENU TITLE Boot menu \u00e4
TIMEOUT 100
DEFAULT disk
INCLUDE pxelinux.cfg/colours.cfg
MENU MASTER PASSWD geheim
LABEL disk
  MENU LABEL ^Local disk
  LOCALBOOT 0
LABEL rescue
  KERNEL rescue/vmlinuz
  APPEND initrd=rescue/initrd.img console=ttyS0 boot=live
  IPAPPEND 2
  TEXT HELP
    LABEL never
  ENDTEXT
LABEL rocky
  KERNEL rocky9/vmlinuz
  INITRD rocky9/initrd.img
  APPEND inst.ks=http://old.example.org/ks/web.ks inst.repo=http://mirror.example.org/rocky/9 console=tty0
LABEL deb
  KERNEL debian12/linux
  APPEND initrd=debian12/initrd.gz auto=true priority=critical url=http://u:secret@old/preseed/web.cfg vga=788
LABEL debmanual
  KERNEL debian12/linux
  APPEND initrd=debian12/initrd.gz vga=788 --- quiet
LABEL suse
  KERNEL rocky9/vmlinuz
  APPEND initrd=rocky9/initrd.img autoyast=http://old/ay.xml install=http://mirror.example.org/leap/15.5
LABEL dban
  KERNEL tools/memtest
  APPEND nuke="dwipe --autonuke" silent
LABEL more
  KERNEL menu.c32
  APPEND pxelinux.cfg/tools.menu
`,
  'tftp/pxelinux.cfg/colours.cfg': 'MENU COLOR border 30;44\n',
  'tftp/pxelinux.cfg/tools.menu': `LABEL memtest
  LINUX tools/memtest
LABEL back
  KERNEL menu.c32
  APPEND pxelinux.cfg/default
LABEL hdt
  COM32 hdt.c32
LABEL gone
  KERNEL tools/gone
  APPEND boot=live
`,
  'tftp/pxelinux.cfg/01-52-54-00-77-00-01':
    'DEFAULT linux\nLABEL linux\n  KERNEL /rescue/vmlinuz\n  APPEND initrd=rescue/initrd.img console=ttyS0,115200 root=/dev/nfs ro ip=dhcp set={{x}}\n  IPAPPEND 2\n',
  'tftp/pxelinux.cfg/01-52-54-00-77-00-02': 'link:01-52-54-00-77-00-01',
  'tftp/pxelinux.cfg/01-52-54-00-77-00-03': 'link:/etc/passwd',
  'tftp/pxelinux.cfg/01-52-54-00-77-00-04': 'link:01-52-54-00-77-00-04',
  'tftp/pxelinux.cfg/01-52-54-00-77-00-05':
    'DEFAULT web\nLABEL web\n  KERNEL rocky9/vmlinuz\n  INITRD rocky9/initrd.img\n  APPEND inst.ks=http://old.example.org/ks/web.ks inst.repo=http://mirror.example.org/rocky/9 console=tty0\n',
  'tftp/pxelinux.cfg/0A4D000B': 'link:default',
  'tftp/pxelinux.cfg/0A4D': 'link:01-52-54-00-77-00-01',
  'tftp/pxelinux.cfg/01-52-54-00-77-00-01.ipxe': '#!ipxe\n',
}
