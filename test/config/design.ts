/** The example of the design, word for word. */
export const birnamYaml = `# birnam.yaml
address: 10.77.0.1            # how clients reach this server
http: { port: 80 }
tftp: { port: 69 }
dhcp:
  mode: server                # server | proxy | off. Default off: never answer on a network nobody named
  interfaces: [lab-br]
  subnets:
    - cidr: 10.77.0.0/24
      range: 10.77.0.100-10.77.0.199
      router: 10.77.0.1
      dns: [10.77.0.1]
      lease: 1h
`
export const fleetYaml = `# fleet.yaml
machines:
  - name: duncan
    mac: 52:54:00:77:00:01
    ip: 10.77.0.11
    profile: probe
    vars: { role: king }
profiles:
  - name: probe
    kind: live
    kernel: boot/vmlinuz                # relative to the site directory
    initrd: [boot/initrd.gz]
    args: "console=ttyS0,115200 probe={{answer.url}}"
    answer: answers/probe.txt.hbs       # rendered for the machine that asks
  - name: web
    kind: image
    image: porter:13
    layout: layouts/one-disk.yaml
  - name: db
    kind: install
    distro: debian-12
    answer: kickstart/debian/server.cfg.hbs
`
